using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Calls that wait hold no thread of the pool. In a process of its own: what is limited is the pool of all.</summary>
public sealed class PoolThreadTests
{
    [Fact]
    public async Task Queued_calls_leave_the_pool_to_others()
    {
        var (exitCode, output) = await ChildProcess.RunAsync(
            GetType().Assembly, $"{nameof(PoolThreadTests)}.{nameof(Many_calls_wait_and_the_pool_still_works)}", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output);
    }

    [Fact(Explicit = true)]
    public async Task Many_calls_wait_and_the_pool_still_works()
    {
        // Some for whoever runs this test.
        var threads = Environment.ProcessorCount + 6;
        Assert.True(ThreadPool.SetMinThreads(1, 1) && ThreadPool.SetMaxThreads(threads, threads));
        var stop = TestContext.Current.CancellationToken;
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), TinyModels.Device, new LoadingOptions { Inference = new InferenceOptions { MaximumContexts = 1 } });
        var endless = new SamplingMode { Temperature = 1, Seed = 7, Grammar = Grammar.Parse("root ::= [a-z] root") };
        var busy = new MultiTurnConversation(model) { SamplingMode = endless, MaximumCompletionTokens = 1 << 20, ContextPolicy = ContextPolicy.Shift };
        await using var running = busy.SubmitStreamingAsync("Hello", stop).GetAsyncEnumerator(stop);
        Assert.True(await running.MoveNextAsync());

        // Some wait for the conversation, the others for the only context; all of them for an answer that does not end by itself.
        var others = Enumerable.Range(0, 4 * threads).Select(_ => new SingleTurnConversation(model)).ToList();
        List<Task> waiting = [.. Enumerable.Range(0, 4 * threads).Select(_ => busy.SubmitAsync("More", stop)), .. others.Select(other => other.SubmitAsync("Hello", stop))];
        var host = InferenceHost.For(model.Core);
        while (host.WaitingCount < others.Count)
            await Task.Yield();
        await Task.WhenAll(Enumerable.Range(0, 4 * threads).Select(_ => Task.Run(() => Thread.Yield(), stop)));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);

        busy.Dispose();
        others.ForEach(other => other.Dispose());
        foreach (var task in waiting)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => task);
    }
}
