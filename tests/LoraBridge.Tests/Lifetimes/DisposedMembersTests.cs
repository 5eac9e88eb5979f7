using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>
/// Every public member of everything that can be disposed, called after that and while it happens: in a process of its own, which a
/// fault of native code would end.
/// </summary>
public sealed class DisposedMembersTests
{
    private static readonly Type[] Disposables =
    [
        .. new[] { typeof(LM), typeof(GgufFile), typeof(TrainingPrecision), typeof(NativeException) }
            .SelectMany(type => type.Assembly.GetExportedTypes())
            .Where(type => (type.IsAssignableTo(typeof(IDisposable)) || type.IsAssignableTo(typeof(IAsyncDisposable))) && type is { IsAbstract: false, IsInterface: false }),
    ];

    [Fact]
    public void Every_disposable_can_be_made_here()
    {
        using var samples = new DisposableSamples();
        Assert.Equal(Disposables.Select(type => type.Name).Order(), samples.Factories.Keys.Select(type => type.Name).Order());
    }

    [Theory]
    [InlineData(nameof(After_dispose_there_is_an_exception_at_most))]
    [InlineData(nameof(While_it_is_disposed_there_is_an_exception_at_most))]
    [InlineData(nameof(A_training_outlives_all_its_owners))]
    public async Task No_member_ends_the_process(string method)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(GetType().Assembly, $"{nameof(DisposedMembersTests)}.{method}", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output);
    }

    [Fact(Explicit = true)]
    public void After_dispose_there_is_an_exception_at_most()
    {
        using var samples = new DisposableSamples();
        List<string> failures = [];
        var refused = 0;
        foreach (var (type, create) in samples.Factories)
        {
            var sample = create();
            sample.Dispose();
            foreach (var call in MemberCalls.Of(type, samples))
            {
                if (call.Invoke(sample) is not { } failure)
                    continue;
                if (failure is ObjectDisposedException)
                    refused++;
                else
                    failures.Add($"{call.Name}: {failure}");
            }
            sample.Dispose();
        }
        Assert.Empty(failures);
        Assert.True(refused > 25, $"only {refused} members refused");
    }

    [Fact(Explicit = true)]
    public async Task While_it_is_disposed_there_is_an_exception_at_most()
    {
        using var samples = new DisposableSamples();
        List<string> failures = [];
        // A file is written by one thread; everything else may be used by several.
        foreach (var (type, create) in samples.Factories.Where(pair => pair.Key != typeof(AtomicFile)))
        {
            foreach (var call in MemberCalls.Of(type, samples))
            {
                for (var round = 0; round < 4; round++)
                {
                    var sample = create();
                    using var together = new Barrier(2);
                    var disposed = false;
                    var calling = Task.Factory.StartNew(() =>
                    {
                        together.SignalAndWait();
                        Exception? failure;
                        bool isLast;
                        do
                        {
                            isLast = call.IsOnce || Volatile.Read(ref disposed);
                            failure = call.Invoke(sample);
                        }
                        while (failure is null && !isLast);
                        return failure;
                    }, TaskCreationOptions.LongRunning);
                    together.SignalAndWait();
                    for (var wait = 0; wait < round * 2000; wait++)
                        Thread.SpinWait(1);
                    sample.Dispose();
                    Volatile.Write(ref disposed, true);
                    // A folder without checkpoints is refused before the owner is disposed, and rightly so.
                    if (await calling is { } failure and not ObjectDisposedException and not OperationCanceledException and not DirectoryNotFoundException)
                        failures.Add($"{call.Name}: {failure}");
                }
            }
        }
        Assert.Empty(failures);
    }

    [Fact(Explicit = true)]
    public async Task A_training_outlives_all_its_owners()
    {
        using var samples = new DisposableSamples();
        var training = samples.TrainAndLetGo();
        Assert.True(File.Exists((await training).AdapterPath));
    }
}
