using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Merging;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Measures reading prompts and generating, on random tokens that are the same in every run.</summary>
public static class InferenceBenchmark
{
    /// <summary>Reads a prompt and generates after it, several times, without an adapter and with one.</summary>
    /// <param name="model">The model; no adapter stays applied that was not before.</param>
    /// <param name="options">What to measure; null takes the defaults.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Stops within a computation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or the model does not read so many tokens.</exception>
    /// <exception cref="ArgumentException">The targets name nothing in this model that can be adapted.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static InferenceBenchmarkResult Run(
        LM model, InferenceBenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new InferenceBenchmarkOptions();
        Check(options, model);

        progress?.Report("measuring the bare model");
        var bare = Measure(model, AdapterSet.Empty, options, cancellationToken);
        progress?.Report("measuring with an adapter");
        var (adapted, apply, change) = MeasureAdapted(model, options, cancellationToken);
        var peakMemory = BenchmarkProcess.PeakMemory();

        progress?.Report("measuring several clients");
        var (together, oneByOne) = model.Vocabulary.HasTokenizer
            ? ClientBenchmark.Run(model, options.GeneratedTokens, options.Repetitions, cancellationToken)
            : (0, 0);

        progress?.Report("measuring products");
        using var engine = new ComputeEngine(model.Threads);
        var (peak, type) = ProductRate.Peak(engine);
        var flops = 2.0 * model.Files.Tensors
            .Where(tensor => tensor.Name != TensorNames.TokenEmbedding || model.Files.Find(TensorNames.Output) is null)
            .Where(tensor => tensor.Info.Dimension(1) > 1)
            .Sum(tensor => tensor.Info.ElementCount);
        return new InferenceBenchmarkResult
        {
            TokensPerSecond = bare.Generation,
            PromptTokensPerSecond = bare.Prompt,
            AdapterTokensPerSecond = adapted.Generation,
            AdapterPromptTokensPerSecond = adapted.Prompt,
            SecondsApply = apply,
            SecondsSwitch = change,
            Clients = ClientBenchmark.Clients,
            ClientsTokensPerSecond = together,
            OneByOneTokensPerSecond = oneByOne,
            FlopsPerToken = flops,
            PeakGemmGflops = peak / 1e9,
            PeakGemmType = type,
            Utilization = bare.Prompt * flops / peak,
            PeakMemoryBytes = peakMemory,
        };
    }

    private static void Check(InferenceBenchmarkOptions options, LM model)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PromptTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GeneratedTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Repetitions, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rank, 1, nameof(options));
        if (options.PromptTokens + options.GeneratedTokens > model.ContextLength)
            throw new ArgumentOutOfRangeException(
                nameof(options), $"{options.PromptTokens} tokens and {options.GeneratedTokens} more do not fit the model's context of {model.ContextLength}.");
    }

    private static ((double Prompt, double Generation) Rates, double SecondsApply, double SecondsSwitch) MeasureAdapted(
        LM model, InferenceBenchmarkOptions options, CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var path = folder["adapter.gguf"];
        BenchmarkAdapter.Write(path, model.Files, options.Rank, options.TargetModules);
        var adapter = new LoraAdapter(path);
        var apply = BenchmarkProcess.Seconds(() => model.ApplyLoraAdapter(adapter));
        try
        {
            var adapters = AdapterSet.Of(model.Core.Adapters, [adapter]);
            return (Measure(model, adapters, options, cancellationToken), apply, MeasureSwitch(model, adapters, options));
        }
        finally
        {
            model.RemoveLoraAdapter(adapter);
        }
    }

    private static double MeasureSwitch(LM model, AdapterSet adapters, InferenceBenchmarkOptions options)
    {
        using var context = new InferenceContext(
            model.Core, new InferenceContextOptions { ContextLength = options.PromptTokens + options.GeneratedTokens });
        List<double> seconds = [];
        for (var i = 0; i < 2 * options.Repetitions; i++)
            seconds.Add(BenchmarkProcess.Seconds(() => context.SetAdapters(i % 2 == 0 ? adapters : AdapterSet.Empty)));
        return BenchmarkProcess.Median(seconds);
    }

    private static (double Prompt, double Generation) Measure(
        LM model, AdapterSet adapters, InferenceBenchmarkOptions options, CancellationToken cancellationToken)
    {
        var random = new SeededRandom(0);
        int[] tokens = [.. Enumerable.Range(0, options.PromptTokens + options.GeneratedTokens).Select(_ => random.Next(model.VocabularySize))];
        using var context = new InferenceContext(model.Core, new InferenceContextOptions { ContextLength = tokens.Length });
        context.SetAdapters(adapters);
        var (prompts, generations) = (new List<double>(), new List<double>());
        // The first run faults pages in, and does not count.
        for (var i = 0; i <= options.Repetitions; i++)
        {
            context.Truncate(0);
            var prompt = BenchmarkProcess.Seconds(() => Read(0, options.PromptTokens, context.BatchSize));
            var generation = BenchmarkProcess.Seconds(() => Read(options.PromptTokens, tokens.Length, 1));
            if (i == 0)
                continue;
            prompts.Add(prompt);
            generations.Add(generation);
        }
        return (options.PromptTokens / BenchmarkProcess.Median(prompts), options.GeneratedTokens / BenchmarkProcess.Median(generations));

        void Read(int start, int end, int step)
        {
            for (var position = start; position < end; position += step)
            {
                var piece = tokens.AsSpan(position, Math.Min(step, end - position));
                var last = piece.Length - 1;
                context.Decode(piece, position, i => i == last, cancellationToken);
                context.Logits(last);
            }
        }
    }
}
