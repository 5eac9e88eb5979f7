using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>An operation with its backward pass, ready to be computed with changed arguments.</summary>
internal sealed class ProbeRun : IDisposable
{
    private readonly ComputeEngine _engine;
    private readonly GraphBuilder _leaves = new(32);
    private readonly GraphBuilder _sumLeaves = new(32);
    private readonly GraphBuilder _weightLeaf = new(4);
    private readonly GraphBuilder _builder = new(512);
    private readonly BufferHandle _leafMemory;
    private readonly BufferHandle? _sumMemory;
    private readonly BufferHandle _weightMemory;
    private readonly GraphAllocatorHandle _allocator;
    private readonly ComputeGraph _graph;
    private readonly TensorPtr[] _arguments;
    private readonly TensorPtr[] _sums;
    private readonly TensorPtr _result;
    private readonly float[] _weights;

    public ProbeRun(Func<GraphBuilder, TensorPtr[], TensorPtr> operation, IReadOnlyList<GradientProbe.Argument> arguments, int threads)
        : this(operation, arguments, new ComputeEngine(threads), null)
    {
    }

    /// <param name="operation">Makes the operation on the arguments.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="engine">What to compute on; it is disposed with this.</param>
    /// <param name="rules">The rules of the operations there; null for those of the CPU.</param>
    public ProbeRun(
        Func<GraphBuilder, TensorPtr[], TensorPtr> operation, IReadOnlyList<GradientProbe.Argument> arguments, ComputeEngine engine, IGradientRules? rules)
    {
        _engine = engine;
        _arguments = [.. arguments.Select((argument, i) => _leaves.Leaf(argument.Type, argument.Shape, $"x{i}"))];
        _leafMemory = Allocate(_leaves);
        for (var i = 0; i < _arguments.Length; i++)
            _arguments[i].Set<byte>(BytesOf(arguments[i].Values));
        _sums = [.. _arguments.Select((argument, i) => arguments[i].Varies ? _sumLeaves.Leaf(GgmlType.F32, argument.Shape, $"x{i}.grad") : default)];
        _sumMemory = arguments.Any(argument => argument.Varies) ? Allocate(_sumLeaves) : null;

        var y = operation(_builder, _arguments);
        var count = _builder.Tape.Count;
        _result = _builder.Contiguous(y);
        var random = new Random(11);
        _weights = [.. Enumerable.Range(0, (int)y.ElementCount).Select(_ => random.NextSingle() * 2 - 1)];
        var weights = _weightLeaf.Leaf(GgmlType.F32, y.Shape, "w");
        _weightMemory = Allocate(_weightLeaf);
        weights.Set<float>(_weights);

        _graph = new ComputeGraph(_builder, _engine);
        _graph.ScheduleOutput(_result);
        var pass = new BackwardPass(_builder, _graph.Schedule, rules);
        for (var i = 0; i < _arguments.Length; i++)
            if (arguments[i].Varies)
                pass.AddVariable(_arguments[i], _sums[i]);
        pass.Follow(0, count);
        pass.Add(y, weights);
        pass.Run(0, count);
        for (var i = 0; i < _arguments.Length; i++)
            if (pass.Gradient(_arguments[i]) is { IsNull: false } gradient)
                _graph.Schedule(_builder.AddInPlace(_sums[i], gradient));
        _allocator = _engine.CreateAllocator();
        _graph.Allocate(_allocator);
    }

    public void Compute()
    {
        foreach (var sum in _sums)
            if (!sum.IsNull)
                sum.Set<float>(new float[sum.ElementCount]);
        _graph.Compute();
    }

    /// <summary>What is computed.</summary>
    public ComputeGraph Graph => _graph;

    public float[] Result => _result.ToArray<float>();

    public float[] Gradient(int argument) => _sums[argument].ToArray<float>();

    /// <summary>∂loss / ∂values[element], from the loss at four points around it.</summary>
    public double Derivative(int argument, float[] values, int element, double epsilon)
    {
        var value = values[element];
        var (near, far) = (Difference(epsilon), Difference(2 * epsilon));
        _arguments[argument].Set<float>([value], element);
        return (4 * near - far) / 3;

        double Difference(double step)
        {
            var (above, below) = ((float)(value + step), (float)(value - step));
            return (Loss(above) - Loss(below)) / ((double)above - below);
        }

        double Loss(float at)
        {
            _arguments[argument].Set<float>([at], element);
            _graph.Compute();
            return Result.Zip(_weights, (y, w) => (double)y * w).Sum();
        }
    }

    public void Dispose()
    {
        _allocator.Dispose();
        _leafMemory.Dispose();
        _sumMemory?.Dispose();
        _weightMemory.Dispose();
        _builder.Dispose();
        _weightLeaf.Dispose();
        _sumLeaves.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }

    /// <summary>Where the operation is to be computed: a scheduler follows what its arguments lie on.</summary>
    private BufferHandle Allocate(GraphBuilder leaves) => _engine is DeviceEngine device ? device.AllocateOnDevice(leaves) : _engine.Allocate(leaves);

    private static byte[] BytesOf(Array values)
    {
        var bytes = new byte[Buffer.ByteLength(values)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
