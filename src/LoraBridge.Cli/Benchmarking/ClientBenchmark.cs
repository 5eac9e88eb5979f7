using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Measures how fast several clients of one model are served, together and one after the other.</summary>
internal static class ClientBenchmark
{
    /// <summary>Clients.</summary>
    internal const int Clients = 8;

    private const string Text = "Once upon a time there was a";

    /// <summary>Tokens generated per second for all clients, in one context together and each after the other.</summary>
    /// <param name="model">The model; its file is opened once more.</param>
    /// <param name="tokens">Tokens of each answer.</param>
    /// <param name="repetitions">Times that each is measured; the median counts.</param>
    /// <param name="cancellationToken">Stops within a computation.</param>
    internal static (double Together, double OneByOne) Run(LM model, int tokens, int repetitions, CancellationToken cancellationToken)
    {
        var device = new DeviceConfiguration { Backend = Enum.Parse<ComputeBackend>(model.Backend, ignoreCase: true), Threads = model.Threads };
        using var shared = new LM(model.Path, device, new LoadingOptions { Inference = new InferenceOptions { SequencesPerContext = Clients } });
        var clients = Enumerable.Range(0, Clients).Select(seed => new SingleTurnConversation(shared, contextLength: 1024)
        {
            UseChatTemplate = false,
            MaximumCompletionTokens = tokens,
            SamplingMode = new SamplingMode { Temperature = 1, Seed = (uint)seed },
        }).ToList();
        try
        {
            // The first run faults pages in, and does not count.
            Serve(clients, together: true, cancellationToken);
            return (Median(together: true), Median(together: false));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        double Median(bool together) =>
            BenchmarkProcess.Median([.. Enumerable.Range(0, repetitions).Select(_ => Serve(clients, together, cancellationToken))]);
    }

    private static double Serve(List<SingleTurnConversation> clients, bool together, CancellationToken cancellationToken)
    {
        var generated = 0;
        var seconds = BenchmarkProcess.Seconds(() =>
        {
            var answers = together
                ? Task.WhenAll(clients.Select(client => client.SubmitAsync(Text, cancellationToken))).GetAwaiter().GetResult()
                : [.. clients.Select(client => client.Submit(Text, cancellationToken))];
            generated = answers.Sum(answer => answer.Tokens.Count);
        });
        return generated / seconds;
    }
}
