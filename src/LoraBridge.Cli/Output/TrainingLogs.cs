using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Output;

/// <summary>All logs of a training.</summary>
internal sealed class TrainingLogs : IDisposable
{
    private readonly List<TrainingLog> _logs = [];

    /// <param name="texts">As <see cref="TrainingLog.Open"/> takes them.</param>
    /// <param name="goesOn">Whether a training goes on.</param>
    internal TrainingLogs(IEnumerable<string> texts, bool goesOn)
    {
        try
        {
            foreach (var text in texts)
                _logs.Add(TrainingLog.Open(text, goesOn));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal void Add(TrainingProgress state)
    {
        foreach (var log in _logs)
            log.Add(state);
    }

    public void Dispose()
    {
        foreach (var log in _logs)
            log.Dispose();
    }
}
