using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>What depends on, or could harm, a whole process.</summary>
public sealed class ProcessWideTests
{
    [Theory]
    [InlineData(nameof(Paths_survive_a_change_of_the_current_directory))]
    [InlineData(nameof(Adapters_come_and_go_while_others_answer))]
    [InlineData(nameof(Calls_that_wait_hold_no_thread_of_the_pool))]
    public async Task In_a_process_of_its_own(string method)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(GetType().Assembly, $"{nameof(ProcessWideTests)}.{method}", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output);
    }

    [Fact]
    public async Task A_limit_of_the_managed_heap_is_none_of_the_cache()
    {
        var (exitCode, output) = await ChildProcess.RunAsync(
            GetType().Assembly, $"{nameof(ProcessWideTests)}.{nameof(A_context_larger_than_the_managed_heap_is_allowed)}",
            TestContext.Current.CancellationToken, ("DOTNET_GCHeapHardLimit", "0x10000000"));
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output);
    }

    [Fact(Explicit = true)]
    public void A_context_larger_than_the_managed_heap_is_allowed()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        Assert.Equal(0x10000000, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        // 1 KiB for each token, 400 MiB together.
        ContextMemory.Check(model.Core, 400 << 10, sequences: 1, sizeof(short));
        Assert.Throws<InsufficientMemoryException>(() => ContextMemory.Check(model.Core, int.MaxValue, sequences: 1, sizeof(short)));
    }

    [Fact(Explicit = true)]
    public void Paths_survive_a_change_of_the_current_directory()
    {
        using var folder = new TemporaryFolder();
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama)).Save(folder["adapter.gguf"]);
        File.Copy(TinyModels.PathOf(TinyArchitecture.Llama), folder["model.gguf"]);
        Directory.SetCurrentDirectory(Path.GetDirectoryName(folder["model.gguf"])!);
        using var model = new LM("model.gguf", TinyModels.Device);
        var adapter = new LoraAdapter("adapter.gguf");
        File.WriteAllText("data.jsonl", """{"text": "a"}""");
        var data = TrainingDataset.FromFile("data.jsonl");

        Directory.SetCurrentDirectory(Path.GetTempPath());

        Assert.Equal(folder["adapter.gguf"], adapter.Path);
        Assert.Equal(folder["data.jsonl"], data.Name);
        Assert.Empty(data.Validate(TestContext.Current.CancellationToken));
        model.ApplyLoraAdapter(adapter);
        using var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 2 };
        chat.SetAdapters([adapter]);
        Assert.NotNull(chat.Submit("Hello"));
        new LoraMerger(model).MergeAndExport(adapter, folder["merged.gguf"]);
    }

    /// <summary>llama.cpp walks over the adapters of a model without a lock, and would find one that is being freed.</summary>
    [Fact(Explicit = true)]
    public async Task Adapters_come_and_go_while_others_answer()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        string[] paths = [.. Enumerable.Range(0, 4).Select(seed => folder[$"adapter-{seed}.gguf"])];
        for (var seed = 0; seed < paths.Length; seed++)
            TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), seed: seed).Save(paths[seed]);
        using var bare = Chat(model);
        bare.SetAdapters([]);
        var expected = bare.Submit("Hello").Tokens;
        using var ended = new CancellationTokenSource();
        var changing = Enumerable.Range(0, 2).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 120; i++)
            {
                // Two workers, two adapters each.
                using var use = model.UseLoraAdapter(new LoraAdapter(paths[2 * worker + i % 2]) { Scale = 0.1f + i });
                model.Adapters[0].Scale = (float)random.NextDouble();
            }
        })).ToList();
        var answering = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                using var chat = Chat(model);
                Assert.NotNull(chat.Submit("Hello"));
            }
        })).ToList();
        var bystander = Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                bare.ClearHistory();
                Assert.Equal(expected, bare.Submit("Hello").Tokens);
            }
        });
        await Task.WhenAll(changing);
        await ended.CancelAsync();
        await Task.WhenAll([.. answering, bystander]);
        Assert.Empty(model.Adapters);
    }

    [Fact(Explicit = true)]
    public async Task Calls_that_wait_hold_no_thread_of_the_pool()
    {
        Assert.True(ThreadPool.SetMinThreads(1, 1));
        Assert.True(ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount));
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var chat = Chat(model);
        chat.MaximumCompletionTokens = 900;
        chat.SamplingMode = new SamplingMode { Temperature = 1, Seed = 3 };
        using var stop = new CancellationTokenSource();
        var answers = Enumerable.Range(0, 4 * Environment.ProcessorCount + 8).Select(i => chat.SubmitAsync($"{i}", stop.Token)).ToList();

        await Task.Run(() => { });
        Assert.Contains(answers, answer => !answer.IsCompleted);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answers[^1]);
    }

    private static MultiTurnConversation Chat(LM model) => new(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 8 };
}
