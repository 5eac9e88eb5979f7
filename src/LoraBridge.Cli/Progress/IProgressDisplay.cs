namespace LoraBridge.Cli.Progress;

/// <summary>Shows the progress of work.</summary>
internal interface IProgressDisplay
{
    T Run<T>(Func<IProgress<ProgressEvent>, T> work);
}
