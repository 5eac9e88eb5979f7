namespace LoraBridge.Native;

/// <summary>Roles of a tensor in a graph (<c>ggml_tensor_flag</c>).</summary>
[Flags]
internal enum GgmlTensorFlags
{
    Input = 1 << 0,
    Output = 1 << 1,
    Param = 1 << 2,
    Loss = 1 << 3,
    Compute = 1 << 4,
}
