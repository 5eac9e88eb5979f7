namespace LoraBridge.Examples;

/// <summary>Reports on the thread that works, so that lines stand in order; <see cref="Progress{T}"/> posts them, which is what a window needs.</summary>
public sealed class DirectProgress<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
