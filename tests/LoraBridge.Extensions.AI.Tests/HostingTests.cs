using LoraBridge.Model;
using LoraBridge.TestKit;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LoraBridge.Extensions.AI.Tests;

public sealed class HostingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public HostingTests() => TinyAdapters.Create(SmallWorld.Path).Save(_folder["pirate.gguf"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_host_has_one_model_and_clients_with_and_without_adapters()
    {
        await using var services = new ServiceCollection()
            .AddLoraBridge(SmallWorld.Path, options => { options.ContextLength = 256; options.MaximumOutputTokens = 4; options.Threads = 1; })
            .AddAdapter("pirate", _folder["pirate.gguf"], 0.5f)
            .AddChatClient()
            .AddKeyedChatClient("sea", "pirate")
            .Services.BuildServiceProvider();
        var plain = services.GetRequiredService<IChatClient>();
        var keyed = services.GetRequiredKeyedService<IChatClient>("sea");
        Assert.Same(services.GetRequiredService<LM>(), keyed.GetService<LM>());
        Assert.Same(plain, services.GetRequiredService<LoraBridgeChatClient>());
        var greedy = new ChatOptions { Temperature = 0 };
        var chosen = await plain.GetResponseAsync("Where is the market?", new ChatOptions { Temperature = 0, ModelId = "pirate" }, Stop);
        Assert.Equal(chosen.Text, (await keyed.GetResponseAsync("Where is the market?", greedy, Stop)).Text);
        Assert.Equal(4, (await plain.GetResponseAsync("Where is the market?", greedy, Stop)).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Options_come_from_the_configuration_and_are_checked_at_the_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["LoraBridge:Model"] = "nowhere.gguf",
            ["LoraBridge:MaximumOutputTokens"] = "0",
        });
        builder.Services.AddLoraBridge().AddChatClient();
        using var host = builder.Build();
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Stop));
        Assert.Contains("LoraBridge:Model is 'nowhere.gguf', and there is no such file.", fault.Message);
        Assert.Contains("LoraBridge:MaximumOutputTokens must be 1 or more, found 0.", fault.Message);
    }

    [Fact]
    public async Task Health_tells_whether_the_model_loads()
    {
        await using var healthy = new ServiceCollection().AddLoraBridge(SmallWorld.Path, options => options.Threads = 1).Services.BuildServiceProvider();
        await using var broken = new ServiceCollection().AddLoraBridge("nowhere.gguf").Services.BuildServiceProvider();
        Assert.Equal(HealthStatus.Healthy, (await Check(healthy)).Status);
        var fault = await Check(broken);
        Assert.Equal(HealthStatus.Unhealthy, fault.Status);
        Assert.Contains("no such file", fault.Description);

        static Task<HealthCheckResult> Check(IServiceProvider services)
        {
            var check = new LoraBridgeHealthCheck(services);
            return check.CheckHealthAsync(new HealthCheckContext { Registration = new HealthCheckRegistration("lorabridge", check, null, null) }, Stop);
        }
    }

    [Fact]
    public void Names_that_cannot_be_chosen_are_refused()
    {
        var builder = new ServiceCollection().AddLoraBridge(SmallWorld.Path);
        Assert.Contains("'+'", Assert.Throws<ArgumentException>(() => builder.AddAdapter("a+b", "x.gguf")).Message);
        builder.AddKeyedChatClient("sea", "parrot");
        using var services = builder.Services.BuildServiceProvider();
        Assert.Contains("No adapter 'parrot' was added", Assert.Throws<InvalidOperationException>(() => services.GetRequiredKeyedService<IChatClient>("sea")).Message);
    }
}
