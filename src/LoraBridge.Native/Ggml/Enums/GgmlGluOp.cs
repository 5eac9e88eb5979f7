namespace LoraBridge.Native;

/// <summary>Functions of <see cref="GgmlOp.Glu"/> (<c>ggml_glu_op</c>).</summary>
internal enum GgmlGluOp
{
    Reglu = 0,
    Geglu = 1,
    Swiglu = 2,
    SwigluOai = 3,
    GegluErf = 4,
    GegluQuick = 5,
    SwigluClamp = 6,
}
