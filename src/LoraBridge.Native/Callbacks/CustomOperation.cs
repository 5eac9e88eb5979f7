using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary>The kernel of a <see cref="CustomOperation"/>: computes part <paramref name="part"/> of <paramref name="parts"/> of a node.</summary>
/// <param name="destination">The node; its operands are its sources.</param>
/// <param name="part">Index of the calling thread (<c>ith</c>).</param>
/// <param name="parts">Number of threads that compute the node (<c>nth</c>).</param>
internal delegate void CustomKernel(TensorPtr destination, int part, int parts);

/// <summary>
/// An operation of our own, computed in C# on the CPU. It must outlive every computation of its nodes; after each, the caller asks
/// <see cref="CallbackState.ThrowIfFaulted"/>, for a kernel that threw left its node unfinished.
/// </summary>
internal sealed unsafe class CustomOperation(CustomKernel kernel) : CallbackState
{
    /// <summary>Number of tasks that asks for as many as there are threads.</summary>
    internal const int AllThreads = -1;

    /// <summary>A node of the given type and shape that <paramref name="sources"/> (1 to 9) feed.</summary>
    internal TensorPtr CreateNode(
        GgmlContext context, GgmlType type, ReadOnlySpan<long> shape, ReadOnlySpan<TensorPtr> sources, int tasks = AllThreads)
    {
        if (shape.Length is < 1 or > Ggml.MaxDimensions)
            throw new ArgumentException($"A tensor has 1 to 4 dimensions; found {shape.Length}.", nameof(shape));
        if (sources.Length is < 1 or > Ggml.MaxSources - 1)
            throw new ArgumentException($"A custom operation has 1 to 9 sources; found {sources.Length}.", nameof(sources));
        if (tasks != AllThreads)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tasks);
        Span<long> ne = [1, 1, 1, 1];
        shape.CopyTo(ne);
        return Ggml.ggml_custom_4d(context, type, ne[0], ne[1], ne[2], ne[3], sources, sources.Length, &Invoke, tasks, UserData);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Invoke(TensorPtr destination, int part, int parts, nint userData)
    {
        var state = From<CustomOperation>(userData);
        state.Compute(destination, part, parts);
    }

    private void Compute(TensorPtr destination, int part, int parts)
    {
        try
        {
            if (!IsFaulted)
                kernel(destination, part, parts);
        }
        catch (Exception e)
        {
            Park(e);
        }
    }
}
