using System.Runtime.CompilerServices;

namespace LoraBridge.Training.Graphs;

/// <summary>Lines of a cache: where a vector lies in two of them, reading it takes twice as long.</summary>
internal static class CacheLine
{
    /// <summary>Numbers of 32 bits in a line.</summary>
    public const int Words = 64 / sizeof(int);

    /// <summary>How many numbers behind the first the next line starts.</summary>
    public static int Start<T>(ref T first) where T : unmanaged =>
        (int)(-Unsafe.ByteOffset(ref Unsafe.NullRef<T>(), ref first) / sizeof(int)) & (Words - 1);
}
