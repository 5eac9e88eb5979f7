using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>
/// The optimiser on a device, on values and gradients that lie there: what an update exchanges with the host is the length of the gradients, and a handful
/// of factors.
/// </summary>
/// <remarks>
/// Its graphs are computed on a backend of their own. There they are placed once, and leave that of the rows as it is.
/// </remarks>
internal sealed class DeviceAdamW : Optimizer, IDisposable
{
    /// <summary>Elements that one operation works on: few enough for any device, and for what lies in between to be 16 MiB.</summary>
    private const long MostElements = 1 << 22;

    /// <summary>A piece is squared and summed up as so many rows: enough to keep a device busy.</summary>
    private const int Rows = ParameterLayout.Alignment;

    private readonly IReadOnlyList<TrainableTensor> _parameters;
    private readonly ComputeEngine _device;
    private readonly ParameterLayout _layout;
    private readonly Mirror _values;
    private readonly Mirror _gradients;
    private readonly List<Piece> _pieces;
    private readonly long _mostElements;
    private Work? _work;

    /// <param name="parameters">What is trained: one at least.</param>
    /// <param name="options">Settings.</param>
    /// <param name="device">The device, by itself; disposed with this.</param>
    /// <param name="layout">Where parameters lie on it.</param>
    /// <param name="values">Their values.</param>
    /// <param name="gradients">The sums of their gradients.</param>
    /// <param name="mostElements">Elements that one operation works on.</param>
    public DeviceAdamW(
        IReadOnlyList<TrainableTensor> parameters, AdamWOptions options, ComputeEngine device, ParameterLayout layout, Mirror values, Mirror gradients,
        long mostElements = MostElements) : base(options)
    {
        (_device, _layout, _values, _gradients, _mostElements) = (device, layout, values, gradients, mostElements);
        _parameters = parameters;
        _pieces = [.. Pieces()];
    }

    public override long HostBytes => 0;

    /// <summary>m, v, the values before an update, and what lies in between.</summary>
    public override long DeviceBytes => 3 * _layout.Bytes + 2 * sizeof(float) * _pieces.Max(piece => piece.Count);

    /// <summary>Memory is taken when it is used: an estimate of a training needs none.</summary>
    private Work Memory => _work ??= new Work(this);

    /// <summary>Whether the device can compute all of it.</summary>
    public bool IsSupported()
    {
        using var builder = new GraphBuilder(64);
        var numbers = builder.Leaf(GgmlType.F32, new Shape(Rows), "numbers");
        var norm = EmitSquares(builder, numbers, 1);
        var update = EmitUpdate(
            builder, numbers, numbers, numbers, numbers, new Factors(builder.Leaf(GgmlType.F32, new Shape(1), "gradient"), builder.Leaf(GgmlType.F32, new Shape(7), "update")));
        return builder.Tape.Append(norm).Append(update).All(node => node.IsView || _device.Supports(node));
    }

    public override double MeasureNorm()
    {
        _gradients.ReadOnDevice();
        return Memory.ComputeNorm();
    }

    public override float[] FirstMoments(int parameter) => Moments(Memory.First, parameter);

    public override float[] SecondMoments(int parameter) => Moments(Memory.Second, parameter);

    public override void SetMoments(int parameter, float[] first, float[] second)
    {
        Memory.First.Set(parameter, first);
        Memory.Second.Set(parameter, second);
    }

    public void Dispose()
    {
        _work?.Dispose();
        _device.Dispose();
    }

    protected override void Update(float learningRate, float gradientFactor)
    {
        _gradients.ReadOnDevice();
        _values.EditOnDevice();
        _values.Device.CopyTo(Memory.Before);
        Memory.ComputeUpdate(learningRate, gradientFactor);
    }

    protected override void TakeBack()
    {
        _values.EditOnDevice();
        Memory.Before.CopyTo(_values.Device);
    }

    private float[] Moments(ParameterMemory memory, int parameter)
    {
        var moments = new float[_parameters[parameter].Shape.Count];
        memory.Get(parameter, moments);
        return moments;
    }

    /// <summary>Parameters that lie one behind the other and are updated by the same factors, in pieces of a size that a device can take.</summary>
    private IEnumerable<Piece> Pieces()
    {
        var runs = new List<Piece>();
        foreach (var parameter in _layout.Order)
        {
            var (block, start) = _layout[parameter];
            var factors = Options.FactorsOf(_parameters[parameter]);
            if (runs is [.., var last] && last.Block == block && last.Factors == factors)
                runs[^1] = last with { Count = last.Count + _layout.Extents[parameter] };
            else
                runs.Add(new Piece(block, start, _layout.Extents[parameter], factors));
        }
        foreach (var run in runs)
            for (var at = 0L; at < run.Count; at += _mostElements)
                yield return run with { Start = run.Start + at, Count = Math.Min(_mostElements, run.Count - at) };
    }

    /// <summary>gain² Σ g².</summary>
    private static TensorPtr EmitSquares(GraphBuilder builder, TensorPtr g, float gain)
    {
        // Long sums lose digits: first those of rows, then that of these.
        var rows = builder.Reshape(g, new Shape(g.ElementCount / Rows, Rows));
        var sums = builder.SumRows(builder.Mul(rows, rows));
        return builder.Scale(builder.SumRows(builder.Reshape(sums, new Shape(Rows))), gain * gain);
    }

    private static TensorPtr EmitUpdate(GraphBuilder builder, TensorPtr w, TensorPtr g, TensorPtr m, TensorPtr v, Factors factors) =>
        builder.AdamW(w, builder.Mul(g, factors.Gradient), m, v, factors.Update);

    /// <summary>A stretch of a tensor that parameters lie in, in elements.</summary>
    private readonly record struct Piece(int Block, long Start, long Count, UpdateFactors Factors)
    {
        public TensorPtr Of(GraphBuilder builder, ParameterMemory memory) => builder.Part(memory.Blocks[Block], new Shape(Count), Start);
    }

    /// <summary>Inputs of an update.</summary>
    /// <param name="Gradient">What gradients are multiplied by.</param>
    /// <param name="Update">The factors of <see cref="GraphBuilder.AdamW"/>.</param>
    private readonly record struct Factors(TensorPtr Gradient, TensorPtr Update);

    /// <summary>Memory and graphs.</summary>
    private sealed class Work : IDisposable
    {
        /// <summary>A piece takes part in a dozen operations.</summary>
        private const int TensorsOfPiece = 16;

        private readonly AdamWOptions _options;
        private readonly Optimizer _optimizer;
        private readonly List<IDisposable> _owned = [];
        private readonly Dictionary<UpdateFactors, Factors> _factors = [];
        private readonly ComputeGraph _norm;
        private readonly ComputeGraph _update;
        private readonly TensorPtr _squares;

        public Work(DeviceAdamW optimizer)
        {
            (_optimizer, _options) = (optimizer, optimizer.Options);
            try
            {
                First = Own(new ParameterMemory(optimizer._device.Allocate, optimizer._layout, "first moments"));
                Second = Own(new ParameterMemory(optimizer._device.Allocate, optimizer._layout, "second moments"));
                Before = Own(new ParameterMemory(optimizer._device.Allocate, optimizer._layout, "values before"));
                var inputs = Own(new GraphBuilder(2 * optimizer._pieces.Count));
                foreach (var kind in optimizer._pieces.Select(piece => piece.Factors).Distinct())
                    _factors.Add(kind, new Factors(
                        inputs.Leaf(GgmlType.F32, new Shape(1), "gradient factor"), inputs.Leaf(GgmlType.F32, new Shape(7), "update factors")));
                Own(optimizer._device.Allocate(inputs));
                (_norm, _squares) = Norm(optimizer);
                _update = Update(optimizer);
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public ParameterMemory First { get; }

        public ParameterMemory Second { get; }

        /// <summary>Values before the last update.</summary>
        public ParameterMemory Before { get; }

        public double ComputeNorm()
        {
            _norm.Compute();
            return Math.Sqrt(_squares.ToArray<float>()[0]);
        }

        public void ComputeUpdate(float learningRate, float gradientFactor)
        {
            var (beta1, beta2) = (_options.Beta1, _options.Beta2);
            var (first, second) = (1 / (1 - MathF.Pow(beta1, _optimizer.Steps)), 1 / (1 - MathF.Pow(beta2, _optimizer.Steps)));
            foreach (var ((gain, rate, decay), factors) in _factors)
            {
                factors.Gradient.Set<float>([gain * gradientFactor]);
                // Values are stored larger by the gain. So are their changes but for decay, which ggml multiplies by the rate, too.
                factors.Update.Set<float>([gain * rate * learningRate, beta1, beta2, _options.Epsilon, decay / gain, first, second]);
            }
            _update.Compute();
        }

        public void Dispose()
        {
            foreach (var owned in Enumerable.Reverse(_owned))
                owned.Dispose();
        }

        private T Own<T>(T owned) where T : IDisposable
        {
            _owned.Add(owned);
            return owned;
        }

        private (ComputeGraph Graph, TensorPtr Squares) Norm(DeviceAdamW optimizer)
        {
            var builder = Own(new GraphBuilder(TensorsOfPiece * optimizer._pieces.Count));
            var graph = new ComputeGraph(builder, optimizer._device);
            var sum = default(TensorPtr);
            foreach (var piece in optimizer._pieces)
            {
                var squares = EmitSquares(builder, piece.Of(builder, optimizer._gradients.Device), piece.Factors.Gain);
                sum = sum.IsNull ? squares : builder.Add(sum, squares);
            }
            graph.ScheduleOutput(sum);
            graph.Allocate(Own(optimizer._device.CreateAllocator()));
            return (graph, sum);
        }

        private ComputeGraph Update(DeviceAdamW optimizer)
        {
            var builder = Own(new GraphBuilder(TensorsOfPiece * optimizer._pieces.Count));
            var graph = new ComputeGraph(builder, optimizer._device);
            foreach (var piece in optimizer._pieces)
                graph.Schedule(EmitUpdate(
                    builder, piece.Of(builder, optimizer._values.Device), piece.Of(builder, optimizer._gradients.Device), piece.Of(builder, First),
                    piece.Of(builder, Second), _factors[piece.Factors]));
            graph.Allocate(Own(optimizer._device.CreateAllocator()));
            return graph;
        }
    }
}
