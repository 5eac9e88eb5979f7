using LoraBridge.Model;
using LoraBridge.TestKit;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>What can be disposed here, used after that and while it happens: in a process of its own, which a fault of native code would end.</summary>
public sealed class ChatClientLifetimeTests
{
    [Fact]
    public void A_client_and_a_generator_are_all_that_can_be_disposed() => Assert.Equivalent(
        new[] { typeof(LoraBridgeChatClient), typeof(LoraBridgeEmbeddingGenerator) },
        typeof(LoraBridgeChatClient).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(typeof(IDisposable)) || type.IsAssignableTo(typeof(IAsyncDisposable))),
        strict: true);

    [Theory]
    [InlineData(nameof(After_dispose_there_is_an_exception_at_most))]
    [InlineData(nameof(While_it_is_disposed_there_is_an_exception_at_most))]
    public async Task No_member_ends_the_process(string method)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(GetType().Assembly, $"{nameof(ChatClientLifetimeTests)}.{method}", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task After_dispose_there_is_an_exception_at_most()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        var client = new LoraBridgeChatClient(model);
        await AskAsync(client);
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AskAsync(client));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => StreamAsync(client));
        Assert.NotNull(client.GetService(typeof(ChatClientMetadata)));
        client.Dispose();

        var generator = new LoraBridgeEmbeddingGenerator(model);
        await generator.GenerateAsync(["hello"]);
        generator.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => generator.GenerateAsync(["hello"]));
        generator.Dispose();

        using var other = new LoraBridgeChatClient(model);
        using var otherGenerator = new LoraBridgeEmbeddingGenerator(model);
        model.Dispose();
        // It keeps the model, as conversations do.
        await otherGenerator.GenerateAsync(["hello"]);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AskAsync(other));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => StreamAsync(other));
    }

    [Fact(Explicit = true)]
    public async Task While_it_is_disposed_there_is_an_exception_at_most()
    {
        using var shared = TinyModels.Load(TinyArchitecture.Llama);
        for (var round = 0; round < 24; round++)
        {
            // By turns the client, and the model under it.
            using var own = round % 2 == 0 ? null : TinyModels.Load(TinyArchitecture.Llama);
            var client = new LoraBridgeChatClient(own ?? shared);
            var asking = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
            {
                for (var n = 0; n < 20; n++)
                    await (i % 2 == 0 ? AskAsync(client) : StreamAsync(client));
            })).ToList();
            for (var wait = 0; wait < round * 3000; wait++)
                Thread.SpinWait(1);
            if (own is null)
                client.Dispose();
            else
                own.Dispose();
            foreach (var task in asking)
                Assert.True(await Record.ExceptionAsync(() => task) is null or ObjectDisposedException or OperationCanceledException, task.Exception?.ToString());
            client.Dispose();
        }
    }

    private static Task<ChatResponse> AskAsync(IChatClient client) => client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 4 });

    private static async Task StreamAsync(IChatClient client)
    {
        await foreach (var _ in client.GetStreamingResponseAsync("hello", new ChatOptions { MaxOutputTokens = 4 }))
        {
        }
    }
}
