using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Native.Code;

/// <summary>Tells the processor what will be read soon.</summary>
internal static unsafe class CacheHint
{
    /// <summary>Bytes that are brought into a cache at a time.</summary>
    internal const int Line = 64;

    /// <summary>Has memory that is not managed brought into the caches, where the processor takes such hints; it need not exist.</summary>
    /// <param name="at">The first byte.</param>
    /// <param name="offset">How far behind it.</param>
    /// <param name="count">How many bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Prefetch(ref readonly byte at, nuint offset, int count)
    {
        if (!Sse.IsSupported)
            return;
        var address = (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in at)) + offset;
        for (var end = address + count + Line - 1; address < end; address += Line)
            Sse.Prefetch0(address);
    }
}
