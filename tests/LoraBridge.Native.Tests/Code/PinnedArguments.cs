using System.Runtime.InteropServices;
using LoraBridge.Native.Code;

namespace LoraBridge.Native.Tests.Code;

/// <summary>The argument of a tile's program, on arrays that stay where they are.</summary>
internal sealed class PinnedArguments : IDisposable
{
    private const int TileBytes = TileProgram.Columns * sizeof(float);

    private readonly List<GCHandle> _pinned = [];

    public PinnedArguments(
        int[] left, int scalesAt, int[] right, int[] starts, float[] columnScales, float[] sums, int stride, int words, int rows = 0,
        int strips = 0, int stripStride = 0, int tiles = 0)
    {
        var arguments = new TileArguments
        {
            Left = Pin(left), Right = Pin(right), Starts = Pin(starts), ColumnScales = Pin(columnScales), Sums = Pin(sums),
            SumsStride = stride * sizeof(float), Words = words,
        };
        if (tiles > 0)
            (arguments.Count, arguments.RightStep, arguments.ColumnStep, arguments.SumsStep) = (tiles, words * TileBytes, TileBytes, TileBytes);
        else
            (arguments.Count, arguments.LeftStep, arguments.SumsStep) = (strips, stripStride * sizeof(int), rows * stride * sizeof(float));
        arguments.RowScales = arguments.Left + scalesAt * sizeof(int);
        Address = Marshal.AllocHGlobal(Marshal.SizeOf<TileArguments>());
        Marshal.StructureToPtr(arguments, Address, fDeleteOld: false);
    }

    public nint Address { get; }

    public void Dispose()
    {
        Marshal.FreeHGlobal(Address);
        _pinned.ForEach(handle => handle.Free());
    }

    private nint Pin(Array array)
    {
        _pinned.Add(GCHandle.Alloc(array, GCHandleType.Pinned));
        return _pinned[^1].AddrOfPinnedObject();
    }
}
