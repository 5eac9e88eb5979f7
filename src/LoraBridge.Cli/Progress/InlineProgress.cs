namespace LoraBridge.Cli.Progress;

/// <summary>Reports on the thread that reports, in order; <see cref="Progress{T}"/> does neither.</summary>
internal sealed class InlineProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
