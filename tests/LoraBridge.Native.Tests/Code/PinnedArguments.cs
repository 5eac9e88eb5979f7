using System.Runtime.InteropServices;
using LoraBridge.Native.Code;

namespace LoraBridge.Native.Tests.Code;

/// <summary>The argument of a tile's program, on arrays that stay where they are.</summary>
internal sealed class PinnedArguments : IDisposable
{
    private readonly List<GCHandle> _pinned = [];

    public PinnedArguments(int[] left, int[] right, int[] starts, float[] rowScales, float[] columnScales, float[] sums, int stride, int words, int tiles)
    {
        var arguments = new TileArguments
        {
            Left = Pin(left), Right = Pin(right), Starts = Pin(starts), RowScales = Pin(rowScales), ColumnScales = Pin(columnScales), Sums = Pin(sums),
            SumsStride = stride * sizeof(float), Words = words, Tiles = tiles,
        };
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
