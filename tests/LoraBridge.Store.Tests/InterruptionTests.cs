using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using static LoraBridge.Store.Tests.Loopback.Answers;

namespace LoraBridge.Store.Tests;

/// <summary>Connections that break, stall, or go on elsewhere than they should.</summary>
public sealed class InterruptionTests : StoreTest
{
    [Fact]
    public async Task An_undisturbed_download_is_one_question_and_one_request()
    {
        AssertIs(File, await PullAsync());
        Assert.Equal(["hub HEAD /owner/repo/resolve/main/model-Q4_K_M.gguf", "cdn GET /blobs/owner/repo/model-Q4_K_M.gguf"], Hub.Log.Select(request => request.ToString()));
        Assert.True(Progress[^1] is { Stage: ModelDownloadStage.Done, Fraction: 1 });
        Assert.Contains(Progress, state => state.Plan is { Bytes: HubFile.DefaultSize, Memory: not null });
    }

    [Theory]
    [InlineData(1, 700_000)]
    [InlineData(4, 500_000)]
    [InlineData(9, 100_000)]
    public async Task Cut_k_times_it_goes_on_where_it_was(int times, int after)
    {
        Hub.Cdns([.. Enumerable.Repeat(Hub.Cut(after), times)]);
        AssertIs(File, await PullAsync());
        var requests = Hub.Downloads;
        Assert.Equal(times + 1, requests.Length);
        Assert.Null(requests[0].Range);
        for (var i = 1; i < requests.Length; i++)
        {
            Assert.Equal(requests[i - 1].From + after, requests[i].From);
            Assert.Equal(requests[i].From > 0 ? File.CdnETag : null, requests[i].IfRange);
        }
    }

    [Fact]
    public async Task Cut_without_a_byte_it_is_given_up_after_six_tries_and_goes_on_the_next_time()
    {
        Hub.Cdns(Hub.Cut(1_000_000)).Cdns([.. Enumerable.Repeat(Hub.Cut(0), 6)]);
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        Assert.Equal(ModelDownloadFailure.Unreachable, failure.Reason);
        Assert.Contains("6 times", failure.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(Snapshot(File)));
        var kept = new FileInfo($"{Blob(File)}.part").Length;
        Assert.Equal(1_000_000, kept);
        Assert.Equal(6, Hub.Downloads.Length);

        Hub.ClearScripts();
        Hub.ClearLog();
        AssertIs(File, await PullAsync());
        var request = Assert.Single(Hub.Downloads);
        Assert.Equal(kept, request.From);
        Assert.Equal(File.CdnETag, request.IfRange);
    }

    [Fact]
    public async Task A_stalled_connection_is_made_again()
    {
        Hub.Cdns(Hub.Stall(1_000_000, Clock));
        AssertIs(File, await PullAsync());
        Assert.Equal(1_000_000, Hub.Downloads[1].From);
        var told = Assert.Single(Progress, state => state.Stage == ModelDownloadStage.Stalled);
        Assert.Contains("stalled: nothing came for 30 s", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_is_asked_again()
    {
        Hub.Hubs(context => Hub.SilenceAsync(context, Clock));
        AssertIs(File, await PullAsync());
        Assert.Equal(2, Hub.Log.Count(request => request.Method == "HEAD"));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_sends_one_complete_body()
    {
        Hub.Cdns(Hub.Cut(900_000), Hub.Whole());
        AssertIs(File, await PullAsync());
        Assert.Equal(2, Hub.Downloads.Length);
        Assert.True(Hub.Downloads[1].From > 0);
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_and_breaks_each_time_at_the_same_place_is_given_up()
    {
        Hub.Cdns(Hub.Cut(900_000));
        for (var i = 0; i < 20; i++)
            Hub.Cdns(Hub.Whole(cutAfter: 500_000));
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        Assert.Equal(11, Hub.Downloads.Length);
    }

    [Theory]
    [InlineData("bytes 10-2999999/3000000")]
    [InlineData("bytes {0}-2999999/2999999")]
    [InlineData("bytes {0}-2999999/3000001")]
    [InlineData("pages {0}-2999999/3000000")]
    [InlineData("")]
    public async Task A_wrong_range_is_thrown_away_and_begun_anew_once(string range)
    {
        Hub.Cdns(Hub.Cut(900_000), Wrong);
        AssertIs(File, await PullAsync());
        Assert.Equal([0, Hub.Downloads[1].From, 0], Hub.Downloads.Select(request => request.From));

        Hub.ClearLog();
        System.IO.File.Delete(Snapshot(File));
        System.IO.File.Delete(Blob(File));
        Hub.Cdns(Hub.Cut(900_000), Wrong, Hub.Cut(900_000), Wrong);
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        Assert.Contains("cannot be continued", failure.Message, StringComparison.Ordinal);
        Assert.Equal(4, Hub.Downloads.Length);
        AssertNothingKept(File);

        async Task Wrong(Microsoft.AspNetCore.Http.HttpContext context, HubFile file)
        {
            var from = LoopbackHub.StartContent(context, file);
            context.Response.Headers.ContentRange = string.Format(System.Globalization.CultureInfo.InvariantCulture, range, from);
            await context.Response.Body.WriteAsync(file.Content.AsMemory((int)from));
        }
    }

    [Theory]
    [InlineData(403)]
    [InlineData(401)]
    [InlineData(410)]
    public async Task An_expired_address_is_signed_again(int status)
    {
        Hub.Cdns(Hub.Cut(900_000), Status(status));
        AssertIs(File, await PullAsync());
        Assert.Equal(2, Hub.Log.Count(request => request.Method == "HEAD"));
        Assert.Equal([0, Hub.Downloads[1].From, Hub.Downloads[1].From], Hub.Downloads.Select(request => request.From));
    }

    [Fact]
    public async Task An_address_that_is_never_valid_is_given_up()
    {
        Hub.Cdns([.. Enumerable.Repeat(Status(403), 10)]);
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        Assert.Equal(ModelDownloadFailure.AccessDenied, failure.Reason);
        Assert.Equal(3, Hub.Downloads.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_has_changed_is_begun_anew_and_never_mixed(bool obeysConditions)
    {
        var other = HubFile.Random(seed: 2, size: 2_500_000);
        Hub.Cdns(async (context, file) =>
        {
            LoopbackHub.StartContent(context, file);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, 900_000));
            await context.Response.Body.FlushAsync();
            await Hub.ArrivedAsync(context, 900_000);
            Hub.Replace(other);
            context.Abort();
        });
        if (!obeysConditions)
        {
            Hub.Cdns((context, file) =>
            {
                context.Request.Headers.IfRange = default;
                return Hub.SendAsync(context, file);
            });
        }
        AssertIs(other, await PullAsync());
        AssertNothingKept(File);
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(503, "120", 120)]
    [InlineData(500, null, 1)]
    [InlineData(502, null, 1)]
    [InlineData(408, null, 1)]
    [InlineData(429, "Thu, 01 Jan 2026 00:01:00 GMT", 60)]
    public async Task A_busy_server_is_waited_for_as_long_as_it_says(int status, string? retryAfter, int seconds)
    {
        (string, string)[] headers = retryAfter is null ? [] : [("Retry-After", retryAfter)];
        Hub.Hubs(HubStatus(status, headers));
        AssertIs(File, await PullAsync());
        Assert.InRange(Assert.Single(Clock.Waits).TotalSeconds, seconds, seconds * 1.25);

        Hub.Cdns(Status(status, headers));
        System.IO.File.Delete(Snapshot(File));
        System.IO.File.Delete(Blob(File));
        Assert.True((await PullAsync()).Downloaded);
        // A date that has passed asks for no wait.
        Assert.Equal(seconds == 60 ? 1 : 2, Clock.Waits.Length);
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_asked_six_times_with_longer_waits()
    {
        Hub.Hubs([.. Enumerable.Repeat(HubStatus(503), 9)]);
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        Assert.Equal(ModelDownloadFailure.Unavailable, failure.Reason);
        Assert.Equal(6, Hub.Log.Length);
        Assert.Equal(5, Clock.Waits.Length);
        Assert.All(Clock.Waits.Index(), wait => Assert.InRange(wait.Item.TotalSeconds, 1 << wait.Index, (1 << wait.Index) * 1.25));
    }

    [Fact]
    public async Task A_server_that_asks_for_hours_is_not_waited_for()
    {
        Hub.Hubs(HubStatus(429, ("Retry-After", "86400")));
        Assert.Contains("1440 minutes", (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync())).Message, StringComparison.Ordinal);
        Assert.Empty(Clock.Waits);
    }

    [Fact]
    public async Task A_cancelled_download_keeps_what_has_arrived()
    {
        using var cancellation = new CancellationTokenSource();
        Hub.Cdns(async (context, file) =>
        {
            LoopbackHub.StartContent(context, file);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, 1_500_000));
            await context.Response.Body.FlushAsync();
            await Hub.ArrivedAsync(context, 1_500_000);
            await cancellation.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PullAsync(cancellationToken: cancellation.Token));
        AssertIs(File, await PullAsync());
        Assert.Equal(1_500_000, Hub.Downloads[1].From);
    }

    [Fact]
    public async Task A_slow_connection_is_no_silent_one_and_its_speed_and_time_left_are_told()
    {
        Hub.Cdns(async (context, file) =>
        {
            LoopbackHub.StartContent(context, file);
            for (var i = 0; i < file.Size; i += 300_000)
            {
                Clock.Advance(TimeSpan.FromSeconds(5));
                await context.Response.Body.WriteAsync(file.Content.AsMemory(i, 300_000));
                await context.Response.Body.FlushAsync();
                if (i + 300_000 < file.Size)
                    await Hub.ArrivedAsync(context, i + 300_000);
            }
        });
        AssertIs(File, await PullAsync());
        var measured = Progress.Where(state => state.BytesPerSecond is not null && state.BytesDone is > 1_500_000 and < 2_900_000).ToList();
        Assert.NotEmpty(measured);
        Assert.Single(Hub.Downloads);
        Assert.All(measured, state =>
        {
            Assert.InRange(state.BytesPerSecond!.Value, 20_000, 180_000);
            Assert.Equal((HubFile.DefaultSize - state.BytesDone) / state.BytesPerSecond.Value, state.Remaining!.Value.TotalSeconds, 3);
        });
    }
}
