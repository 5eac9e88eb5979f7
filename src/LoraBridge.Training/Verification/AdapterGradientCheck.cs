using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Verification;

/// <summary>
/// Gradients of a random adapter, and finite differences of inference's loss to compare them with. The adapter's tensors are
/// those that llama.cpp loaded; both sides compute with them, and both see them change.
/// </summary>
/// <remarks>
/// A tensor whose influence on the loss is near the rounding of inference cannot be measured. So B is first enlarged where the
/// branch is too weak to matter; and where a table of F16 makes GELU, and so inference, a staircase, what cannot be resolved is
/// measured once more with the inputs of the GELUs enlarged, where they are exactly linear, and then as a mean over a
/// <see cref="Neighbourhood"/>, of both the loss and the gradient. Where a clamp or ReLU happens to have its kink,
/// or too little depends on a tensor, there is no slope to find, but a little further on there is: the rest is measured at other
/// points, in the end as a mean over a neighbourhood as well. A gradient that is wrong is wrong at all of them.
/// </remarks>
internal sealed class AdapterGradientCheck : IDisposable
{
    private const float GateFactor = 30_000;

    private const int OtherPoints = 3;

    private const int Neighbours = 16;

    /// <summary>Part of the loss that a whole change of a tensor should be able to move.</summary>
    private const double WantedInfluence = 2e-3;

    private readonly AdapterSession _session;
    private readonly LossOracle _oracle;
    private readonly TrainingRow _row;
    private readonly ulong _seed;
    private readonly IReadOnlySet<string> _gates;
    private readonly bool _isTabulated;

    public AdapterGradientCheck(
        LlamaModelHandle model, AdapterBlueprint blueprint, TrainingRow row, ComputeEngine engine, int threads, ulong seed,
        TrainingPrecision precision = TrainingPrecision.Exact)
    {
        _row = row;
        _seed = seed;
        var tokens = row.Tokens.Length;
        _session = AdapterSession.Open(
            model, blueprint, WriteRandom, engine, new TrainingGraphShape(tokens, tokens, threads, Recompute: true)
            {
                Precision = precision, CachesTransposed = precision == TrainingPrecision.Fast,
            }, requireAll: false);
        _gates = TabulatedActivations.FeedingAdapters(_session.Graph.Parts);
        _isTabulated = TabulatedActivations.AreUsed(_session.Graph.Parts);
        Tolerance = _isTabulated ? 1e-2 : 1e-3;
        _oracle = new LossOracle(model, [(_session.Adapter, 1)], tokens, threads);
    }

    /// <summary>Targets that the graph does not use, or that the logits do not vary with.</summary>
    public IReadOnlyList<string> UnusedTargets => _session.UnusedTargets;

    /// <summary>What the engine, where it is a device, left to the CPU; known once gradients were computed.</summary>
    public IReadOnlyList<HostOperations> OnHost => _session.Graph.OnHost;

    /// <summary>Relative error to allow.</summary>
    public double Tolerance { get; }

    /// <summary>All gradients, by the tensors' names.</summary>
    public IReadOnlyDictionary<string, float[]> Gradients()
    {
        Compute();
        return _session.Graph.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.ReadGradients().ToArray());
    }

    /// <summary>Spoils gradients, to see that wrong ones do not pass.</summary>
    internal Action<TrainableTensor>? Spoil { get; init; }

    /// <summary>Compares tensors with finite differences.</summary>
    /// <param name="maximum">How many, spread evenly over all.</param>
    /// <param name="suspects">Names of tensors to compare in any case.</param>
    /// <param name="progress">Told of each tensor.</param>
    /// <param name="cancellationToken">Looked at before each tensor.</param>
    public IReadOnlyList<GradientCheckTensor> MeasureTensors(
        int maximum, IReadOnlyCollection<string> suspects, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        Strengthen();
        var all = _session.Graph.Parameters;
        var count = Math.Min(maximum, all.Count);
        var results = new Dictionary<string, GradientCheckTensor>();
        var spread = Enumerable.Range(0, count).Select(i => (int)((long)i * all.Count / count)).ToHashSet();
        TrainableTensor[] chosen = [.. all.Where((tensor, i) => spread.Contains(i) || suspects.Contains(tensor.Name))];
        MeasureAll(chosen, null, results, progress, cancellationToken);
        // A staircase also hides how uncertain a slope is: what is not clearly right is looked at more closely.
        if (_isTabulated)
            Again(Tolerance / 2);
        for (var attempt = 1UL; attempt <= OtherPoints && Unresolved(chosen, results, Tolerance).Length > 0; attempt++)
        {
            Redraw(_seed + attempt);
            if (!_isTabulated)
                MeasureAll(Unresolved(chosen, results, Tolerance), null, results, progress, cancellationToken);
            // Gradients are rounded, too, which shows where large terms nearly cancel each other: that averages out, an error does not.
            if (_isTabulated || attempt == OtherPoints)
                Again(Tolerance);
        }
        return [.. chosen.Select(tensor => results[tensor.Name])];

        void Again(double limit)
        {
            // Enlarged gates cost nothing, a neighbourhood as many decodes as it has points.
            if (_gates.Count > 0 && Unresolved(chosen, results, limit) is { Length: > 0 } hidden)
                WithLinearGates(() => MeasureAll(hidden, null, results, progress, cancellationToken));
            if (Unresolved(chosen, results, Tolerance) is { Length: > 0 } rest)
                MeasureAll(rest, new Neighbourhood(all, Neighbours, new SeededRandom(_seed)), results, progress, cancellationToken);
        }
    }

    /// <summary>Enlarges what goes into tabulated activations while it measures.</summary>
    private void WithLinearGates(Action measure)
    {
        var gates = _session.Graph.Parameters.Where(parameter => _gates.Contains(parameter.Name)).Select(gate => (Tensor: gate, Values: gate.ReadValues().ToArray())).ToList();
        foreach (var (tensor, values) in gates)
            System.Numerics.Tensors.TensorPrimitives.Multiply(values, GateFactor, tensor.EditValues());
        measure();
        foreach (var (tensor, values) in gates)
            values.CopyTo(tensor.EditValues());
    }

    private TrainableTensor[] Unresolved(TrainableTensor[] tensors, Dictionary<string, GradientCheckTensor> results, double limit) =>
        [.. tensors.Where(tensor => results[tensor.Name].RelativeError > limit || results[tensor.Name].OracleError > Tolerance / 2)];

    private static double Doubt(GradientCheckTensor result) => Math.Max(result.RelativeError, result.OracleError);

    public void Dispose()
    {
        _oracle.Dispose();
        _session.Dispose();
    }

    private void MeasureAll(
        IReadOnlyList<TrainableTensor> tensors, Neighbourhood? neighbourhood, Dictionary<string, GradientCheckTensor> results,
        IProgress<string>? progress, CancellationToken cancellationToken)
    {
        Compute();
        var random = new SeededRandom(_seed);
        foreach (var tensor in tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report($"measuring {tensor.Name}");
            var direction = DirectionalDerivative.Choose(tensor.ReadValues(), tensor.ReadGradients(), random);
            var found = neighbourhood is null
                ? DirectionalDerivative.Dot(tensor.ReadGradients(), direction)
                : neighbourhood.Average(tensor, () => SlopeAlong(tensor, direction));
            var (slope, error) = DirectionalDerivative.Measure(
                tensor.EditValues(), direction, found, Tolerance / 5, isSmooth: !_isTabulated, () => Average(() => _oracle.Loss(_row.Tokens)));
            var result = new GradientCheckTensor(tensor.Name, slope, found, error);
            if (!results.TryGetValue(tensor.Name, out var earlier) || Doubt(result) < Doubt(earlier))
                results[tensor.Name] = result;

            double Average(Func<double> function) => neighbourhood is null ? function() : neighbourhood.Average(tensor, function);
        }
    }

    private double SlopeAlong(TrainableTensor tensor, ReadOnlySpan<float> direction)
    {
        Compute();
        return DirectionalDerivative.Dot(tensor.ReadGradients(), direction);
    }

    private void Compute()
    {
        _session.Graph.ClearGradients();
        _session.Graph.Accumulate(_row.Tokens, _row.Positions, _row.Segments, _row.Targets);
        if (Spoil is not null)
            _session.Graph.Parameters.ForEach(Spoil);
    }

    /// <summary>Enlarges each B until its branch matters, in a few rounds because branches hide each other.</summary>
    private void Strengthen()
    {
        var parameters = _session.Graph.Parameters.ToDictionary(parameter => parameter.Name);
        for (var round = 0; round < 4; round++)
        {
            Compute();
            foreach (var target in _session.Blueprint.Targets)
            {
                if (!parameters.TryGetValue(target.Weight + LoraPair.ASuffix, out var a) || !parameters.TryGetValue(target.Weight + LoraPair.BSuffix, out var b))
                    continue;
                var influence = Length(a.ReadGradients()) * Length(a.ReadValues());
                if (influence > 0)
                    System.Numerics.Tensors.TensorPrimitives.Multiply(b.ReadValues(), (float)Math.Clamp(WantedInfluence / influence, 1, 10), b.EditValues());
            }
        }
    }

    /// <summary>Another point, as far from zero as this one.</summary>
    private void Redraw(ulong seed)
    {
        var random = new SeededRandom(seed);
        foreach (var parameter in _session.Graph.Parameters)
        {
            var values = parameter.EditValues();
            var length = Length(values);
            for (var i = 0; i < values.Length; i++)
                values[i] = 2 * random.NextSingle() - 1;
            System.Numerics.Tensors.TensorPrimitives.Multiply(values, (float)(length / Length(values)), values);
        }
    }

    private static double Length(ReadOnlySpan<float> values) => Math.Sqrt(DirectionalDerivative.Dot(values, values));

    /// <summary>A and B uniform in ±1/√n for rows of n elements: unlike at the start of training, both get gradients.</summary>
    private void WriteRandom(string path, AdapterBlueprint blueprint)
    {
        var random = new SeededRandom(_seed);
        AdapterFileWriter.Write(path, blueprint, (_, shape) =>
        {
            var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
            for (var i = 0; i < values.Length; i++)
                values[i] = (2 * random.NextSingle() - 1) / MathF.Sqrt(shape[0]);
            return values;
        }, []);
    }
}
