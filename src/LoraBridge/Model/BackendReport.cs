namespace LoraBridge.Model;

/// <summary>The backends of this machine.</summary>
/// <param name="Selected">Name of the backend that <see cref="ComputeBackend.Auto"/> uses.</param>
/// <param name="LlamaVersion">Version of llama.cpp.</param>
/// <param name="Candidates">Every backend that LoraBridge knows.</param>
public sealed record BackendReport(string Selected, string LlamaVersion, IReadOnlyList<BackendInfo> Candidates);
