namespace LoraBridge.Native;

/// <summary>What a buffer holds (<c>ggml_backend_buffer_usage</c>).</summary>
internal enum GgmlBackendBufferUsage
{
    Any = 0,
    Weights = 1,
    Compute = 2,
}
