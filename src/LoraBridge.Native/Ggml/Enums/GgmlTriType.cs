namespace LoraBridge.Native;

/// <summary>Which triangle of a matrix is kept (<c>ggml_tri_type</c>).</summary>
internal enum GgmlTriType
{
    UpperDiag = 0,
    Upper = 1,
    LowerDiag = 2,
    Lower = 3,
}
