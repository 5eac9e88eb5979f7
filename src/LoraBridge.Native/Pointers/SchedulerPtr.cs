namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend_sched *</c>: whoever made it frees it.</summary>
internal readonly record struct SchedulerPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
