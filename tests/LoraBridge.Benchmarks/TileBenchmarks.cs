using BenchmarkDotNet.Attributes;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Native.Code;
using LoraBridge.Training;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Benchmarks;

/// <summary>What products of 12 bits are made of, on one thread: a panel of 256 x 256 weights is packed, and multiplied by packed rows.</summary>
public class TileBenchmarks
{
    private const int Size = ProductTile.Depth, Strips = 8;

    private readonly ProductFormat _assembled = IntegerFormat.Bits12;
    private readonly ProductFormat _intrinsics = IntegerFormat.WithTwelveBits(IntegerTile.ForIntrinsics(TileElement.Int16));
    private readonly float[] _stage = new float[ProductTile.StageSize];
    private readonly float[] _sums = new float[Strips * ProductTile.Rows * ProductTile.GroupColumns];
    private readonly float[] _row = [.. Enumerable.Range(0, Size).Select(k => MathF.Sin(k))];
    private readonly int[] _strips;
    private readonly ScratchMemory _memory = new();
    private GraphBuilder _leaves = null!;
    private ComputeEngine _engine = null!;
    private BufferHandle _buffer = null!;
    private TensorPtr _weight;

    /// <summary>Makes the packed rows.</summary>
    public TileBenchmarks()
    {
        var (rowWords, stripWords) = (_assembled.RowWords, _assembled.StripWords);
        _strips = new int[Strips * stripWords];
        for (var row = 0; row < Strips * ProductTile.Rows; row++)
        {
            var strip = _strips.AsSpan(row / ProductTile.Rows * stripWords, stripWords);
            var scale = _assembled.PackRow(_row, strip.Slice(row % ProductTile.Rows * rowWords, rowWords));
            strip[ProductTile.Rows * rowWords + row % ProductTile.Rows] = BitConverter.SingleToInt32Bits(scale);
        }
    }

    private Panel Packed => Panel.Of(_assembled, _memory.Words(_assembled.PanelWords).Span);

    /// <summary>Makes a random weight in Q4_0.</summary>
    [GlobalSetup]
    public void Build()
    {
        NativeRuntime.Initialize();
        _engine = new ComputeEngine(1);
        _leaves = new GraphBuilder(1);
        _weight = _leaves.Leaf(GgmlType.Q4_0, new Shape(Size, Size), "w");
        _buffer = _engine.Allocate(_leaves);
        _weight.Set<byte>(RandomBlocks.Make(GgmlType.Q4_0, Size * Size / (int)GgmlTypeTraits.BlockSize(GgmlType.Q4_0), 1, new SeededRandom(1)));
        PackColumns();
    }

    /// <summary>Frees everything.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _buffer.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }

    /// <summary>48 rows by the panel, 6.3 million operations, with what products use.</summary>
    [Benchmark(Baseline = true)]
    public void Multiply48Rows() => Multiply(_assembled, 48);

    /// <summary>The same, with the tile that is written in C#.</summary>
    [Benchmark]
    public void Multiply48RowsByIntrinsics() => Multiply(_intrinsics, 48);

    /// <summary>32 rows, as many as an expert gets of 256 tokens.</summary>
    [Benchmark]
    public void Multiply32Rows() => Multiply(_assembled, 32);

    /// <summary>The panel, for products of the forward pass.</summary>
    [Benchmark]
    public void PackRows() => _assembled.PackPanel(new PanelSource(_weight, 0, 0, AlongRows: false), 0, Size, 0, Size, Packed, _stage);

    /// <summary>The panel, for gradients.</summary>
    [Benchmark]
    public void PackColumns() => _assembled.PackPanel(new PanelSource(_weight, 0, 0, AlongRows: true), 0, Size, 0, Size, Packed, _stage);

    /// <summary>A row of 256 numbers.</summary>
    [Benchmark]
    public float PackNumbers() => _assembled.PackRow(_row, _strips);

    private void Multiply(ProductFormat format, int rows) => format.Multiply(_strips, format.StripWords, rows, Packed, Size, Size / ProductTile.Columns, _sums);
}
