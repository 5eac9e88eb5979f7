using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Shares the matrices of a batched product among threads, or where there are too few, the columns of each.</summary>
internal static class MatrixWork
{
    /// <returns>The matrices [first, end), and of each the columns [firstColumn, endColumn).</returns>
    public static (long First, long End, int FirstColumn, int EndColumn) Split(
        long matrices, int columns, GgmlType type, int worker, int workers)
    {
        if (matrices >= workers)
        {
            var (first, end) = WorkSplit.Of(matrices, 1, worker, workers);
            return (first, end, 0, columns);
        }

        // Quantised rows can only be read from the start of a block.
        var grain = Math.Max((int)Ggml.ggml_blck_size(type), MicroKernel.Columns);
        var (start, stop) = WorkSplit.Of(columns, grain, worker, workers);
        return (0, matrices, (int)start, (int)stop);
    }
}
