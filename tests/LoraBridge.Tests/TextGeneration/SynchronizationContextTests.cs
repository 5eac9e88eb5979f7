using System.Collections.Concurrent;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Tests.Finetuning;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>A desktop's thread, which everything comes back to, is never waited for by what it waits for.</summary>
public sealed class SynchronizationContextTests
{
    [Fact]
    public void Nothing_blocks_a_thread_that_has_to_serve_itself() => SingleThread.Run(async () =>
    {
        using var folder = new TemporaryFolder();
        using var model = await LM.LoadAsync(TinyModels.PathOf(TinyArchitecture.Llama), TinyModels.Device);
        var thread = Environment.CurrentManagedThreadId;
        var chat = new MultiTurnConversation(model) { SamplingMode = new SamplingMode { Temperature = 1, Seed = 7 }, MaximumCompletionTokens = 8 };

        var begun = chat.SubmitAsync("One");
        chat.Submit("Two");
        Assert.Equal(thread, Environment.CurrentManagedThreadId);
        await begun;
        Assert.Equal(thread, Environment.CurrentManagedThreadId);
        Assert.Equal(4, chat.ChatHistory.Count);

        await foreach (var update in chat.SubmitStreamingAsync("Three"))
            Assert.Equal(thread, Environment.CurrentManagedThreadId);

        chat.MaximumCompletionTokens = 900;
        chat.ClearHistory();
        await foreach (var update in chat.SubmitStreamingAsync("Four"))
        {
            // As if a window was closed meanwhile.
            chat.Dispose();
        }

        using var finetuning = TrainingRuns.Create(model, folder);
        var told = new List<int>();
        var progress = new Progress<TrainingProgress>(_ => told.Add(Environment.CurrentManagedThreadId));
        await finetuning.TrainToAdapterAsync(folder["one.gguf"], progress);
        finetuning.TrainToAdapter(folder["two.gguf"], progress);
        await Task.Yield();
        Assert.NotEmpty(told);
        Assert.All(told, id => Assert.Equal(thread, id));
    });

    /// <summary>A context whose only thread runs what is posted to it, one after the other.</summary>
    private sealed class SingleThread : SynchronizationContext
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];

        internal static void Run(Func<Task> action)
        {
            var context = new SingleThread();
            Exception? failure = null;
            var thread = new Thread(() =>
            {
                SetSynchronizationContext(context);
                var task = action();
                task.ContinueWith(_ => context._posted.CompleteAdding(), TaskScheduler.Default);
                foreach (var (callback, state) in context._posted.GetConsumingEnumerable())
                    callback(state);
                failure = task.Exception?.InnerException;
            });
            thread.Start();
            Assert.True(thread.Join(TimeSpan.FromMinutes(3)), "The thread waits for itself.");
            if (failure is not null)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A library has no reason to wait for this thread.");
    }
}
