namespace LoraBridge.Native;

/// <summary>A backend library file, such as <c>libggml-cuda.so</c>.</summary>
/// <param name="Name">What the file name calls it: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c>, <c>metal</c>, ...</param>
/// <param name="Path">The file.</param>
/// <param name="Failure">Why it is not in use; null when it is.</param>
internal sealed record BackendLibrary(string Name, string Path, string? Failure)
{
    internal bool IsLoaded => Failure is null;
}
