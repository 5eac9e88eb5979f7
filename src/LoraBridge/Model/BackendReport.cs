namespace LoraBridge.Model;

/// <summary>The backends of this machine.</summary>
/// <param name="Selected">Name of the backend that <see cref="ComputeBackend.Auto"/> uses.</param>
/// <param name="LlamaVersion">The build of llama.cpp in use: <c>b10221</c> (LLamaSharp's packages) or <c>v0.5.0</c>.</param>
/// <param name="NativeDirectory">The folder that its libraries were loaded from.</param>
/// <param name="NativeReason">Why that folder was taken.</param>
/// <param name="Warning">What makes this program much slower than it could be, and what to do; null when nothing does.</param>
/// <param name="Candidates">Every backend that LoraBridge knows.</param>
public sealed record BackendReport(
    string Selected, string LlamaVersion, string NativeDirectory, string NativeReason, string? Warning, IReadOnlyList<BackendInfo> Candidates);

/// <summary>A backend and its devices on this machine.</summary>
/// <param name="Name">Its name: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c>, <c>metal</c>.</param>
/// <param name="Available">Whether it is loaded and has a device.</param>
/// <param name="Reason">Why it is not available; null when it is.</param>
/// <param name="Devices">Its devices; empty when it is not available.</param>
public sealed record BackendInfo(string Name, bool Available, string? Reason, IReadOnlyList<DeviceInfo> Devices)
{
    /// <summary>What its library needs of the machine and does not check itself; null when there is nothing to say.</summary>
    public string? Note { get; init; }
}

/// <summary>A device that computes.</summary>
/// <param name="Name">ggml's name for it, such as <c>CUDA0</c>.</param>
/// <param name="Description">The vendor's name for it.</param>
/// <param name="TotalMemory">Its memory in bytes.</param>
/// <param name="FreeMemory">How much of it was free when this was asked, in bytes.</param>
public sealed record DeviceInfo(string Name, string Description, long TotalMemory, long FreeMemory);
