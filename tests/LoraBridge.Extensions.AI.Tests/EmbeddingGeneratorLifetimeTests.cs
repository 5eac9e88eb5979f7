using LoraBridge.TestKit;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>A generator that is used after and while it, or its model, is disposed: in a process of its own, which a fault of native code would end.</summary>
public sealed class EmbeddingGeneratorLifetimeTests
{
    [Fact]
    public async Task No_member_ends_the_process()
    {
        var (exitCode, output) = await ChildProcess.RunAsync(
            GetType().Assembly, $"{nameof(EmbeddingGeneratorLifetimeTests)}.{nameof(There_is_an_exception_at_most)}", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task There_is_an_exception_at_most()
    {
        using var shared = TinyModels.Load(TinyArchitecture.Llama);
        for (var round = 0; round < 16; round++)
        {
            // By turns the generator, and the model under it, which the generator keeps loaded.
            using var own = round % 2 == 0 ? null : TinyModels.Load(TinyArchitecture.Llama);
            var generator = new LoraBridgeEmbeddingGenerator(own ?? shared);
            var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                for (var n = 0; n < 20; n++)
                    await generator.GenerateAsync(["hello", "world"]);
            })).ToList();
            for (var wait = 0; wait < round * 3000; wait++)
                Thread.SpinWait(1);
            if (own is null)
                generator.Dispose();
            else
                own.Dispose();
            foreach (var task in asking)
                Assert.True(await Record.ExceptionAsync(() => task) is null or ObjectDisposedException, task.Exception?.ToString());
            generator.Dispose();
            generator.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => generator.GenerateAsync(["hello"]));
            Assert.NotNull(generator.GetService(typeof(EmbeddingGeneratorMetadata)));
        }
        var model = TinyModels.Load(TinyArchitecture.Llama);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new LoraBridgeEmbeddingGenerator(model));
    }
}
