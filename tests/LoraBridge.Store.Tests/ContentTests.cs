using System.IO.Compression;
using System.Net;
using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using Microsoft.AspNetCore.Http;

namespace LoraBridge.Store.Tests;

/// <summary>What arrives is not what was asked for.</summary>
public sealed class ContentTests : StoreTest
{
    [Theory]
    [InlineData(2_000_000)]
    [InlineData(10)]
    public async Task A_content_length_that_is_too_small_is_completed(int promised)
    {
        Hub.Cdns(async (context, file) =>
        {
            context.Response.Headers.ETag = file.CdnETag;
            context.Response.ContentLength = promised;
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, promised));
        });
        AssertIs(File, await PullAsync());
        Assert.Equal(promised, Hub.Downloads[1].From);
    }

    [Fact]
    public async Task A_file_that_is_shorter_than_was_said_fails()
    {
        var said = File.Size + 1000;
        Hub.OnHead = (context, _) => context.Response.Headers["X-Linked-Size"] = $"{said}";
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        Assert.Contains($"it has no byte {File.Size}", failure.Message, StringComparison.Ordinal);
        AssertNothingKept(File);
    }

    [Fact]
    public async Task A_file_that_is_longer_than_was_said_fails()
    {
        Hub.OnHead = (context, _) => context.Response.Headers["X-Linked-Size"] = $"{File.Size - 1000}";
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        Assert.Contains("sends at least", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"expected {File.Size - 1000}", failure.Message, StringComparison.Ordinal);
        AssertNothingKept(File);
    }

    [Fact]
    public async Task A_content_length_that_is_too_large_ends_with_the_file()
    {
        Hub.Cdns(async (context, file) =>
        {
            context.Response.ContentLength = file.Size + 500;
            await context.Response.Body.WriteAsync(file.Content);
            await context.Response.Body.FlushAsync();
            await Hub.SilenceAsync(context, Clock, file.Size);
        });
        AssertIs(File, await PullAsync());
        Assert.Single(Hub.Downloads);
    }

    [Fact]
    public async Task Without_a_length_the_end_of_the_body_is_the_end()
    {
        Hub.OnHead = (context, _) => context.Response.Headers.Remove("X-Linked-Size");
        Hub.Cdns(async (context, file) =>
        {
            await context.Response.StartAsync();
            await context.Response.Body.WriteAsync(file.Content);
        });
        AssertIs(File, await PullAsync());
        Assert.Null(Progress.Single(state => state.Plan is not null).Plan!.Bytes);
    }

    [Fact]
    public async Task A_chunked_body_that_is_cut_without_a_length_goes_on()
    {
        Hub.OnHead = (context, _) => context.Response.Headers.Remove("X-Linked-Size");
        Hub.Cdns(async (context, file) =>
        {
            context.Response.Headers.ETag = file.CdnETag;
            await context.Response.StartAsync();
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, 700_000));
            await context.Response.Body.FlushAsync();
            await Hub.ArrivedAsync(context, 700_000);
            context.Abort();
        });
        AssertIs(File, await PullAsync());
        Assert.Equal(700_000, Hub.Downloads[1].From);
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        Hub.Cdns(async (context, file) =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.StartAsync();
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync(file.Content.AsMemory(0, 10_000));
        });
        Assert.Contains("'gzip'", (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync())).Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(Snapshot(File)));
    }

    [Fact]
    public async Task A_flipped_byte_is_found_the_part_deleted_and_the_second_try_clean()
    {
        var damaged = File.Content.ToArray();
        damaged[1_234_567] ^= 4;
        Hub.Cdns((context, file) =>
        {
            context.Response.ContentLength = damaged.Length;
            return context.Response.Body.WriteAsync(damaged).AsTask();
        });
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        Assert.Contains(File.Sha256, failure.Message, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(damaged)), failure.Message, StringComparison.Ordinal);
        AssertNothingKept(File);
        AssertIs(File, await PullAsync());
        Assert.Equal(0, Hub.Downloads[^1].From);
    }

    [Fact]
    public async Task A_part_that_was_damaged_on_the_disk_is_found()
    {
        Hub.Cdns(Hub.Cut(1_000_000)).Cdns([.. Enumerable.Repeat(Hub.Cut(0), 5)]);
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        using (var part = System.IO.File.OpenWrite($"{Blob(File)}.part"))
        {
            part.Position = 5000;
            part.WriteByte((byte)~File.Content[5000]);
        }
        await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        AssertNothingKept(File);
        AssertIs(File, await PullAsync());
    }

    [Fact]
    public async Task The_hash_of_the_hub_counts_and_not_the_etag_of_the_cdn()
    {
        Assert.NotEqual(File.Sha256, File.CdnETag.Trim('"'));
        AssertIs(File, await PullAsync());
        Assert.True((await PullAsync()).Verified);
    }

    [Fact]
    public async Task The_etag_of_a_host_that_is_not_linked_is_no_hash()
    {
        // Looks like a SHA-256, and is the one of another content.
        Hub.ServesContent = true;
        Hub.OnHead = (context, file) =>
        {
            context.Response.Headers.Remove("X-Linked-Etag");
            context.Response.Headers.ETag = file.CdnETag;
        };
        var model = await PullAsync();
        Assert.False(model.Verified);
        Assert.Equal(File.Content, System.IO.File.ReadAllBytes(model.Path));
    }

    [Fact]
    public async Task A_git_hash_verifies_nothing_and_that_is_said()
    {
        Hub.OnHead = (context, file) =>
        {
            context.Response.Headers["X-Linked-Etag"] = $"\"{file.Commit}\"";
            context.Response.Headers.Remove("X-Linked-Size");
        };
        var model = await PullAsync();
        Assert.False(model.Verified);
        Assert.Equal(File.Sha256, model.Sha256);
        Assert.Contains(Progress, state => state.Message?.Contains("unverified", StringComparison.Ordinal) == true);
        Assert.False((await PullAsync()).Downloaded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_git_hash_with_a_known_hash_is_verified(bool right)
    {
        Hub.OnHead = (context, file) => context.Response.Headers["X-Linked-Etag"] = $"\"{file.Commit}\"";
        var address = new Uri(Hub.Cdn, $"blobs/owner/repo/model-Q4_K_M.gguf#sha256={(right ? File.Sha256 : new string('0', 64))}").AbsoluteUri;
        if (right)
            Assert.True((await PullAsync(address)).Verified);
        else
            await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync(address));
    }

    [Theory]
    [InlineData("<!DOCTYPE html><title>Sign in</title>")]
    [InlineData("GGU")]
    [InlineData("")]
    public async Task A_page_is_no_model(string body)
    {
        Hub.OnHead = (context, _) => context.Response.Headers.Remove("X-Linked-Size");
        Hub.Cdns([.. Enumerable.Repeat<Func<HttpContext, HubFile, Task>>((context, _) => context.Response.WriteAsync(body), 8)]);
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync());
        if (body.Length > 4)
            Assert.Contains("begins with '<!DOCTYPE", failure.Message, StringComparison.Ordinal);
        Assert.Single(Hub.Downloads);
        AssertNothingKept(File);
    }

    [Fact]
    public async Task A_loop_of_redirects_is_refused()
    {
        for (var i = 0; i < 20; i++)
            Hub.Hubs(Answers.HubStatus(302, ("Location", i % 2 == 0 ? "/elsewhere" : "/owner/repo/resolve/main/model-Q4_K_M.gguf")));
        Assert.Contains("loop", (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync())).Message, StringComparison.Ordinal);
        Assert.InRange(Hub.Log.Length, 2, 7);
    }

    [Fact]
    public async Task A_redirect_within_the_hub_is_followed()
    {
        Hub.Hubs(Answers.HubStatus(307, ("Location", "/owner/repo/resolve/main/model-Q4_K_M.gguf?renamed")));
        AssertIs(File, await PullAsync());
    }

    [Theory]
    [InlineData("http://cdn.example/file.gguf", "from https to http")]
    [InlineData("ftp://cdn.example/file.gguf", "ftp")]
    [InlineData(null, "without saying where")]
    public async Task A_redirect_to_what_is_not_safe_is_refused(string? location, string expected)
    {
        var requests = 0;
        var options = Options with
        {
            Endpoint = new Uri("https://hub.example"),
            Hooks = new LoraBridge.Model.Store.StoreHooks
            {
                Handler = new Handler(request =>
                {
                    requests++;
                    var response = new HttpResponseMessage(HttpStatusCode.Redirect) { RequestMessage = request };
                    if (location is not null)
                        response.Headers.Location = new Uri(location);
                    return response;
                }),
            },
        };
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync(options: options));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, requests);
    }

    private sealed class Handler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
