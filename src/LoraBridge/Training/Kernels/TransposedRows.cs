namespace LoraBridge.Training.Kernels;

/// <summary>The transpose of a matrix in F32: row k is element k of each of its rows.</summary>
/// <param name="data">The matrix, from its first element on.</param>
/// <param name="stride">Distance between its rows, in elements.</param>
internal readonly ref struct TransposedRows(ReadOnlySpan<float> data, int stride) : IRowSource
{
    private readonly ReadOnlySpan<float> _data = data;
    private readonly int _stride = stride;

    public void Read(int row, int start, Span<float> destination)
    {
        for (int i = 0, at = start * _stride + row; i < destination.Length; i++, at += _stride)
            destination[i] = _data[at];
    }
}
