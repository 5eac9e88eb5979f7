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
