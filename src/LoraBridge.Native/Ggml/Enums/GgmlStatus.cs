namespace LoraBridge.Native;

/// <summary>Outcome of an allocation or a computation (<c>ggml_status</c>).</summary>
internal enum GgmlStatus
{
    AllocFailed = -2,
    Failed = -1,
    Success = 0,
    Aborted = 1,
}
