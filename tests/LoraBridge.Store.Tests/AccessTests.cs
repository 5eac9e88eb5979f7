using System.Net;
using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using Microsoft.AspNetCore.Http;

namespace LoraBridge.Store.Tests;

/// <summary>Who may have what, and who learns of the token.</summary>
public sealed class AccessTests : StoreTest
{
    [Fact]
    public async Task The_token_goes_to_the_hub_only_and_cookies_nowhere()
    {
        Hub.Cdns(Hub.Cut(500_000), Answers.Status(403));
        AssertIs(File, await PullAsync());
        Assert.True(Hub.Log.Length >= 5);
        Assert.All(Hub.Log, request => Assert.Equal(request.IsCdn ? null : $"Bearer {Token}", request.Authorization));
        Assert.All(Hub.Log, request => Assert.Null(request.Cookie));
    }

    [Fact]
    public async Task The_token_goes_to_no_address_of_a_user()
    {
        await PullAsync(new Uri(Hub.Cdn, "blobs/owner/repo/model-Q4_K_M.gguf").AbsoluteUri);
        Assert.All(Hub.Log, request => Assert.Null(request.Authorization));
    }

    [Fact]
    public async Task The_token_does_not_follow_a_cdn_back_to_another_port_of_the_host()
    {
        // Same host name, other port: another authority.
        Hub.Cdns(Answers.Status(302, ("Location", new Uri(Hub.Cdn, "blobs/owner/repo/model-Q4_K_M.gguf?second").AbsoluteUri)));
        AssertIs(File, await PullAsync());
        Assert.All(Hub.Downloads, request => Assert.Null(request.Authorization));
    }

    [Theory]
    [InlineData(401, "GatedRepo", ModelDownloadFailure.AccessDenied, "accept its conditions at")]
    [InlineData(403, "GatedRepo", ModelDownloadFailure.AccessDenied, "HF_TOKEN")]
    [InlineData(401, null, ModelDownloadFailure.AccessDenied, "private")]
    [InlineData(403, null, ModelDownloadFailure.AccessDenied, "HF_TOKEN")]
    [InlineData(404, "RepoNotFound", ModelDownloadFailure.NotFound, "no repository")]
    [InlineData(404, "RevisionNotFound", ModelDownloadFailure.NotFound, "no such revision")]
    [InlineData(404, "EntryNotFound", ModelDownloadFailure.NotFound, "model-Q4_K_M.gguf")]
    public async Task What_may_not_be_had_is_asked_for_once(int status, string? code, ModelDownloadFailure reason, string expected)
    {
        (string, string)[] headers = code is null ? [] : [("X-Error-Code", code), ("X-Error-Message", "because\tso")];
        Hub.Hubs(Answers.HubStatus(status, headers));
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        Assert.Equal(reason, failure.Reason);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        if (code == "GatedRepo")
            Assert.Contains(new Uri(Hub.Endpoint, "owner/repo").AbsoluteUri, failure.Message, StringComparison.Ordinal);
        Assert.Single(Hub.Log);
        Assert.Empty(Clock.Waits);
    }

    [Fact]
    public async Task Offline_nothing_is_asked_and_what_is_here_works()
    {
        var offline = Options with { Offline = true };
        Assert.Equal(ModelDownloadFailure.Offline, (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync(options: offline))).Reason);
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync("gemma3:12b", offline));
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync("https://example.org/a.gguf", offline));
        Assert.Empty(Hub.Log);

        await PullAsync("hf:owner/repo:Q4_K_M");
        Hub.ClearLog();
        AssertIs(File, await PullAsync("hf:owner/repo:Q4_K_M", offline), downloaded: false);
        AssertIs(File, await PullAsync("hf:owner/repo", offline), downloaded: false);
        Assert.Empty(Hub.Log);
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("LORABRIDGE_OFFLINE", "true", true)]
    [InlineData("HF_HUB_OFFLINE", "0", false)]
    public void Offline_is_a_variable(string name, string value, bool expected) =>
        Assert.Equal(expected, ModelStoreOptions.From(variable => variable == name ? value : variable == "LORABRIDGE_HOME" ? Home : null).Offline);

    [Fact]
    public void The_usual_variables_are_read()
    {
        var variables = new Dictionary<string, string>
        {
            ["HF_HOME"] = "/hf", ["LORABRIDGE_HOME"] = "/lb", ["HF_ENDPOINT"] = "https://mirror.example/hub/", ["HF_TOKEN"] = " hf_abc\n",
            ["OLLAMA_MODELS"] = "/ollama", ["LLAMA_CACHE"] = "/llama",
        };
        var options = ModelStoreOptions.From(variables.GetValueOrDefault);
        Assert.Equal(Path.Combine("/hf", "hub"), options.CacheDirectory);
        Assert.Equal("/lb", options.HomeDirectory);
        Assert.Equal(new Uri("https://mirror.example/hub/"), options.Endpoint);
        Assert.Equal("hf_abc", options.AccessToken);
        Assert.Contains("/ollama", options.OtherDirectories);
        Assert.Contains("/llama", options.OtherDirectories);
        Assert.DoesNotContain("hf_abc", options.ToString(), StringComparison.Ordinal);
        variables["HF_HUB_CACHE"] = "/cache";
        Assert.Equal("/cache", ModelStoreOptions.From(variables.GetValueOrDefault).CacheDirectory);
        variables["HF_ENDPOINT"] = "mirror";
        Assert.Contains("HF_ENDPOINT", Assert.Throws<ArgumentException>(() => ModelStoreOptions.From(variables.GetValueOrDefault)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_may_have_a_prefix()
    {
        await using var mirror = await LoopbackHub.StartAsync("/hub/v1", File);
        foreach (var endpoint in (string[])[mirror.Endpoint.AbsoluteUri, mirror.Endpoint.AbsoluteUri + "/"])
        {
            var model = await PullAsync("hf:owner/repo:q4_k_m", Options with { Endpoint = new Uri(endpoint) });
            Assert.Equal(File.Sha256, model.Sha256);
        }
        Assert.All(mirror.Log.Where(request => !request.IsCdn), request => Assert.StartsWith("/hub/v1/", request.Path, StringComparison.Ordinal));
        Assert.Empty(Hub.Log);
    }

    [Fact]
    public async Task A_proxy_that_asks_who_one_is_is_an_error_and_no_reason_to_take_what_is_here()
    {
        await PullAsync();
        Hub.ClearLog();
        // The loopback hub stands for the proxy: it gets the whole address.
        Hub.Hubs(Answers.HubStatus(407));
        var options = Options with { Endpoint = new Uri("http://hub.example"), Proxy = new WebProxy(Hub.Endpoint) };
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync(options: options));
        Assert.Equal(ModelDownloadFailure.Proxy, failure.Reason);
        Assert.Contains("407", failure.Message, StringComparison.Ordinal);
        Assert.Single(Hub.Log);

        Hub.Hubs(Answers.HubStatus(407));
        options = options with { Endpoint = new Uri("https://hub.example") };
        Assert.Equal(ModelDownloadFailure.Proxy, (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync(options: options))).Reason);
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_leaves_what_was_fetched_before()
    {
        await PullAsync("hf:owner/repo");
        var nowhere = Options with { Endpoint = new Uri("http://127.0.0.1:1") };
        AssertIs(File, await PullAsync("hf:owner/repo", nowhere), downloaded: false);
        Assert.Contains(Progress, state => state.Message?.Contains("fetched before is used", StringComparison.Ordinal) == true);
        Assert.Equal(ModelDownloadFailure.Unreachable, (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync("hf:owner/other", nowhere))).Reason);
    }

    [Theory]
    [InlineData("../../../evil.gguf")]
    [InlineData("/etc/evil.gguf")]
    [InlineData("C:/evil.gguf")]
    [InlineData("C:evil.gguf")]
    [InlineData("a/../../evil.gguf")]
    [InlineData("a\\\\..\\\\evil.gguf")]
    [InlineData("nul.gguf")]
    [InlineData("a//evil.gguf")]
    public async Task A_listing_that_leads_out_of_the_repository_is_refused(string path)
    {
        Hub.Hubs(context => context.Response.WriteAsync($$"""[{"type":"file","path":"{{path}}","lfs":{"oid":"{{File.Sha256}}"},"size":5}]"""));
        Assert.Contains("refused", (await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync("hf:owner/repo"))).Message, StringComparison.Ordinal);
        Assert.Single(Hub.Log);
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("/abs")]
    [InlineData("a/b")]
    [InlineData("..")]
    public async Task What_the_hub_calls_a_content_or_commit_does_not_become_a_path(string name)
    {
        Hub.OnHead = (context, _) =>
        {
            context.Response.Headers["X-Linked-Etag"] = $"\"{name}\"";
            context.Response.Headers["X-Repo-Commit"] = name;
        };
        var model = await PullAsync();
        Assert.StartsWith(Cache, Path.GetFullPath(model.Path), StringComparison.Ordinal);
        Assert.False(model.Verified);
    }

    [Fact]
    public async Task A_listing_of_several_pages_is_read_and_another_host_is_not_asked()
    {
        var (first, second) = ("""[{"type":"file","path":"a-Q8_0.gguf","size":5}]""", $$"""[{"type":"file","path":"{{File.Name}}","size":{{File.Size}}}]""");
        Hub.Hubs(
            context => Page(context, first, "</api/models/owner/repo/tree/main?cursor=2>; rel=\"next\""),
            context => Page(context, second, null));
        AssertIs(File, await PullAsync("hf:owner/repo"));
        Assert.Equal("?cursor=2", Hub.Log[1].Query);

        Hub.Hubs(context => Page(context, first, $"<{Hub.Cdn}api>; rel=\"next\""));
        Assert.Contains("another host", (await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync("hf:owner/repo"))).Message, StringComparison.Ordinal);

        static Task Page(HttpContext context, string body, string? link)
        {
            if (link is not null)
                context.Response.Headers.Link = link;
            return context.Response.WriteAsync(body);
        }
    }

    [Fact]
    public async Task A_quantisation_that_is_not_there_is_answered_with_those_that_are()
    {
        var failure = await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync("hf:owner/repo:Q6_K"));
        Assert.Contains("it has Q4_K_M", failure.Message, StringComparison.Ordinal);
    }
}
