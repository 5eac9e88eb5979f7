using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using Microsoft.AspNetCore.Http;
using static LoraBridge.Store.Tests.Loopback.Answers;

namespace LoraBridge.Store.Tests;

/// <summary>Several faults in one download, in random order.</summary>
public sealed class CombinationTests : StoreTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Any_order_of_faults_ends_with_the_right_file(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 15; round++)
        {
            List<string> faults = [];
            var wrongRanges = 0;
            for (var i = random.Next(2, 8); i > 0; i--)
            {
                var after = random.Next(100_000, 900_000);
                var (name, answer) = random.Next(7) switch
                {
                    0 => ("stall", Hub.Stall(after, Clock)),
                    1 => ("busy", Status(503, ("Retry-After", "2"))),
                    2 => ("expired", Status(403)),
                    3 => ("whole", Hub.Whole(after + 900_000)),
                    4 when wrongRanges++ == 0 => ("wrong range", WrongRange),
                    5 => ("slow", Status(429)),
                    _ => ("cut", Hub.Cut(after)),
                };
                faults.Add(name);
                Hub.Cdns(answer);
                // Progress between the others, so that no count of tries runs out.
                Hub.Cdns(Hub.Cut(random.Next(70_000, 100_000)));
            }
            if (random.Next(3) == 0)
                Hub.Hubs(HubStatus(502));
            var model = await PullAsync();
            Assert.True(model.Verified, string.Join(", ", faults));
            AssertIs(File, model);
            Hub.ClearScripts();
            Directory.Delete(Cache, recursive: true);
        }
        Assert.All(Hub.Downloads, request => Assert.Null(request.Authorization));

        static Task WrongRange(HttpContext context, HubFile file)
        {
            var from = LoopbackHub.StartContent(context, file);
            if (from > 0)
                context.Response.Headers.ContentRange = $"bytes {from + 1}-{file.Size - 1}/{file.Size}";
            return context.Response.Body.WriteAsync(file.Content.AsMemory((int)Math.Max(0, from))).AsTask();
        }
    }

    [Fact]
    public async Task Two_hosts_that_sign_their_answers_differently_do_not_mix()
    {
        // Each connection meets another server of a CDN: other ETags, the same content.
        for (var i = 0; i < 4; i++)
        {
            var tag = $"\"edge-{i}\"";
            Hub.Cdns(async (context, file) =>
            {
                context.Request.Headers.Range = default;
                LoopbackHub.StartContent(context, file);
                context.Response.Headers.ETag = tag;
                var count = 600_000 + (100_000 * (tag[^2] - '0'));
                await context.Response.Body.WriteAsync(file.Content.AsMemory(0, count));
                await Hub.ArrivedAsync(context, count);
                context.Abort();
            });
        }
        AssertIs(File, await PullAsync());
    }

    [Fact]
    public async Task A_part_of_another_content_is_not_continued()
    {
        Hub.Cdns(Hub.Cut(900_000)).Cdns([.. Enumerable.Repeat(Hub.Cut(0), 5)]);
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        var other = HubFile.Random(seed: 7);
        Hub.Replace(other);
        AssertIs(other, await PullAsync());
        Assert.Equal(0, Hub.Downloads[^1].From);
    }
}
