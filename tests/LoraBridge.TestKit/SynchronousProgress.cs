namespace LoraBridge.TestKit;

/// <summary>Calls back on the thread that reports, where a <see cref="Progress{T}"/> would post it.</summary>
public sealed class SynchronousProgress<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
