namespace LoraBridge.Cli.Progress;

/// <summary>Shows the progress of work.</summary>
internal interface IProgressDisplay
{
    T Run<T>(Func<IProgress<ProgressEvent>, T> work);
}

/// <summary>Shows nothing.</summary>
internal sealed class NoDisplay : IProgressDisplay
{
    public T Run<T>(Func<IProgress<ProgressEvent>, T> work) => work(new InlineProgress<ProgressEvent>(_ => { }));
}
