namespace LoraBridge.Native;

/// <summary>Hints on the sources of a product (<c>ggml_op_hint</c>).</summary>
internal enum GgmlOpHint
{
    None = 0,
    Src0IsHadamard = 1,
}
