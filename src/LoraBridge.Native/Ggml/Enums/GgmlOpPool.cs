namespace LoraBridge.Native;

/// <summary>Kinds of pooling (<c>ggml_op_pool</c>).</summary>
internal enum GgmlOpPool
{
    Max = 0,
    Avg = 1,
}
