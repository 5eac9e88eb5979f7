using System.Diagnostics;
using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Batching;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Measures the training of adapters: rows of random tokens that all count, the same in every run.</summary>
public static class TrainingBenchmark
{
    private const int RowsMade = 8, MostOperations = 10, OutProdTokens = 16;

    /// <summary>Trains some updates of one row each, and says how fast that went and where the time goes.</summary>
    /// <param name="model">The model; it is not changed.</param>
    /// <param name="options">What to measure; null takes the defaults.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Stops between updates.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range, or the targets name nothing in this model that can be adapted.</exception>
    /// <exception cref="NotSupportedException">The model computes something through which gradients cannot pass.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainingBenchmarkResult Run(
        LM model, TrainingBenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new TrainingBenchmarkOptions();
        options.Parameters.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.WarmupSteps, nameof(options));

        progress?.Report("building the graph");
        var parameters = options.Parameters with { MaxSteps = options.Steps + options.WarmupSteps, BatchSize = 1, GradientAccumulation = 1 };
        var data = RandomData(model, PreparedData.ContextLengthFor(model, parameters), parameters.Seed);
        using var training = AdapterTraining.Open(model, parameters, data, cancellationToken);
        var (seconds, tokens, allocated) = TimeSteps(training, options, progress, cancellationToken);
        var peakMemory = BenchmarkProcess.PeakMemory();

        progress?.Report("measuring single operations");
        var optimizer = TimeOptimizer(training);
        var profile = training.Graph.Profile().ToList();
        // On their own, and at their best, operations take less than in an update: their times say what share of it each has.
        var timed = profile.Sum(entry => entry.Time.Seconds);
        var share = timed > 0 ? (seconds - optimizer) / timed : 0;

        progress?.Report("measuring products");
        var (peak, type) = ProductRate.Peak(training.Engine);
        var onDevice = training.Place.IsDevice;
        var precision = LinearPrecision.Of(parameters.Precision);
        var instruction = onDevice ? 0 : InstructionPeak.Of((precision.Backward as IntegerFormat)?.Tile, model.Threads) / 1e9;
        return new TrainingBenchmarkResult
        {
            TokensPerSecond = tokens / seconds,
            SecondsPerStep = seconds,
            FlopsPerToken = profile.Sum(entry => entry.Time.Operations) / tokens,
            PeakGemmGflops = peak / 1e9,
            PeakGemmType = type,
            ForwardKernel = onDevice ? "ggml" : precision.Forward.Name,
            BackwardKernel = onDevice ? "ggml" : precision.Backward.Name,
            InstructionGflops = instruction,
            ProductUtilization = instruction > 0 && !onDevice ? Rate(profile.Select(entry => entry.Time).Where(IsProduct)) / instruction : 0,
            SecondsForward = Seconds(TrainingPhase.Forward),
            SecondsHead = Seconds(TrainingPhase.Head),
            SecondsRecomputation = Seconds(TrainingPhase.Recomputation),
            SecondsBackward = Seconds(TrainingPhase.Backward),
            SecondsOptimizer = optimizer,
            SecondsAttention = share * AttentionOf([.. profile.Select(entry => entry.Time)], training.Graph.Tokens).Sum(time => time.Seconds),
            Operations = Slowest(profile.Select(entry => entry.Time), share),
            PeakMemoryBytes = peakMemory,
            EstimatedMemoryBytes = training.Memory.Total,
            AllocatedBytesPerStep = allocated,
            TrainableParameters = training.ParameterCount,
            Layers = training.Graph.Plan,
            BackwardGflops = Rate(profile.Where(entry => entry.Phase == TrainingPhase.Backward).Select(entry => entry.Time)),
            OutProdGflops = onDevice ? 0 : OutProdRate(training) / 1e9,
            Device = training.Place.Name,
            EstimatedDeviceBytes = training.Memory.Device,
            FallbackNodes = training.Fallbacks,
        };

        double Seconds(TrainingPhase phase) => share * profile.Where(entry => entry.Phase == phase).Sum(entry => entry.Time.Seconds);
    }

    /// <summary>The median time of an update, the tokens it trains, and the managed memory it allocates.</summary>
    private static (double Seconds, int Tokens, long Allocated) TimeSteps(
        AdapterTraining training, TrainingBenchmarkOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var steps = Enumerable.Range(0, int.MaxValue).SelectMany(epoch => training.Batches.Steps(new DataPosition(epoch, 0)));
        var times = new List<double>();
        var (tokens, allocated) = (0, long.MaxValue);
        foreach (var (index, step) in steps.Take(options.WarmupSteps + options.Steps).Index())
        {
            progress?.Report(index < options.WarmupSteps ? "warming up" : $"training, update {index - options.WarmupSteps + 1} of {options.Steps}");
            tokens = step.MicroBatches.SelectMany(rows => rows).Sum(row => row.Length);
            var (before, start) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
            training.Trainer.Step(step, cancellationToken);
            if (index >= options.WarmupSteps)
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        return (BenchmarkProcess.Median(times), tokens, allocated);
    }

    /// <summary>What an update takes beside its rows, wherever the optimiser computes.</summary>
    private static double TimeOptimizer(AdapterTraining training)
    {
        var start = Stopwatch.GetTimestamp();
        training.Trainer.Optimizer.MeasureNorm();
        training.Trainer.Optimizer.Step(learningRate: 0, gradientFactor: 1);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>
    /// Operations that are attention, as a whole or, where it is computed in several steps, that make or use a number for each pair of tokens, and each head:
    /// for all tokens, where llama.cpp rounds those looked at up, or for some at a time, on a device.
    /// </summary>
    private static IEnumerable<OperationTime> AttentionOf(IReadOnlyList<OperationTime> times, int tokens)
    {
        const int Padding = 256;
        var seen = (tokens + Padding - 1) / Padding * Padding;
        var weights = times.Select(time => time.Node).Where(node => node.Op is GgmlOp.SoftMax or GgmlOp.SoftMaxBack && node.Ne(2) > 1).ToHashSet();
        var scores = weights.SelectMany(node => node.Sources()).ToHashSet();
        return times.Where(time => time.Kind is nameof(Attention) or nameof(AttentionGradient) || time.Node.Op == GgmlOp.FlashAttnExt
            || scores.Contains(time.Node) || time.Node.Sources().Append(time.Node).Any(IsScores));

        bool IsScores(TensorPtr tensor) => weights.Contains(tensor.Root) || tensor.Ne(0) == seen && tensor.Ne(1) == tokens && tensor.Ne(2) > 1;
    }

    private static List<OperationShare> Slowest(IEnumerable<OperationTime> times, double share) =>
    [
        .. times
            .GroupBy(time => time.Kind)
            .Select(group => (Kind: group.Key, Count: group.Count(), Seconds: group.Sum(time => time.Seconds), Operations: group.Sum(time => time.Operations)))
            .OrderByDescending(kind => kind.Seconds)
            .Take(MostOperations)
            .Select(kind => new OperationShare(kind.Kind, kind.Count, share * kind.Seconds, kind.Operations / (share * kind.Seconds) / 1e9)),
    ];

    private static bool IsProduct(OperationTime time) => time.Kind is nameof(Linear) or nameof(LinearProduct);

    private static double Rate(IEnumerable<OperationTime> times)
    {
        OperationTime[] products = [.. times.Where(time => time.Operations > 0)];
        return products.Sum(time => time.Operations) / products.Sum(time => time.Seconds) / 1e9;
    }

    /// <summary>ggml's own gradient of the products of the first layer.</summary>
    private static double OutProdRate(AdapterTraining training)
    {
        var (operations, seconds) = (0.0, 0.0);
        foreach (var node in training.Graph.Parts.Layers[0].Where(node => node.Op == GgmlOp.MulMat && node.Sources[0] is { IsWeight: true } weight && IsMatrix(weight)))
        {
            var weight = node.Sources[0]!.Weight;
            var work = 2.0 * weight.ElementCount * OutProdTokens;
            operations += work;
            seconds += work / ProductRate.OutProd(training.Engine, weight, OutProdTokens);
        }
        return seconds > 0 ? operations / seconds : 0;

        bool IsMatrix(TracedTensor weight) => weight.Shape.Ne2 == 1 && !training.Parameters.Any(parameter => parameter.Name == weight.Name)
            && (weight.Type is GgmlType.F32 or GgmlType.F16 || GgmlTypeTraits.IsQuantized(weight.Type));
    }

    /// <summary>Rows of random tokens as long as the context, one sample each.</summary>
    private static PreparedData RandomData(LM model, int length, ulong seed)
    {
        var random = new SeededRandom(seed);
        TrainingSample[] samples = [.. Enumerable.Range(0, RowsMade).Select(_ => Sample())];
        return new PreparedData(samples, [], new DatasetStatistics { SampleCount = samples.Length, TokenCount = (long)length * samples.Length }, []);

        TrainingSample Sample()
        {
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(model.VocabularySize))];
            return new TrainingSample(tokens, tokens);
        }
    }
}
