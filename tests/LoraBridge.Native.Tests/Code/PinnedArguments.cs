using System.Runtime.InteropServices;
using LoraBridge.Native.Code;

namespace LoraBridge.Native.Tests.Code;

/// <summary>The argument of a tile's program, on arrays that stay where they are.</summary>
internal sealed class PinnedArguments : IDisposable
{
    private readonly List<GCHandle> _pinned = [];

    public PinnedArguments(
        int[] left, int[] right, int[] starts, float[] rowScales, float[] columnScales, float[] sums, int stride, float[] target, int targetStride, int words, int tiles)
    {
        var arguments = new TileArguments
        {
            Left = Pin(left), Next = Next, Right = Pin(right), Starts = Pin(starts), RowScales = Pin(rowScales), ColumnScales = Pin(columnScales), Sums = Pin(sums),
            Target = Pin(target), SumsStride = stride * sizeof(float), TargetStride = targetStride * sizeof(float), Words = words, Tiles = tiles,
        };
        Address = Marshal.AllocHGlobal(Marshal.SizeOf<TileArguments>());
        Marshal.StructureToPtr(arguments, Address, fDeleteOld: false);
    }

    public nint Address { get; }

    /// <summary>Where memory lies that is read next; none is there.</summary>
    public static nint Next => 1 << 20;

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
