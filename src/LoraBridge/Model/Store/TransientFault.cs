using static System.FormattableString;

namespace LoraBridge.Model.Store;

/// <summary>What may go away if one asks again: a busy server, a broken or silent connection.</summary>
internal sealed class TransientFault(ModelDownloadFailure reason, string problem, TimeSpan? retryAfter = null, Exception? cause = null) : Exception(problem, cause)
{
    internal ModelDownloadFailure Reason => reason;

    /// <summary>How long the server asks to be left alone.</summary>
    internal TimeSpan? RetryAfter => retryAfter;
}

/// <summary>How often and when it is tried again: up to six times without any progress, after 1, 2, 4, ... seconds or as long as the server asks.</summary>
internal sealed class RetryPolicy(TimeProvider clock, Action<string> tell, int tries = RetryPolicy.DefaultTries)
{
    internal const int DefaultTries = 6;

    /// <summary>No server is waited for longer than this: a user should be told instead.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    private int _failures;

    /// <summary>Something arrived: the count begins anew.</summary>
    internal void Progressed() => _failures = 0;

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="ModelDownloadException">That was the last one, or the server asks for too long a wait.</exception>
    internal async Task WaitAsync(TransientFault fault, CancellationToken cancellationToken)
    {
        _failures++;
        if (_failures >= tries)
            throw new ModelDownloadException(fault.Reason, $"{fault.Message} It was tried {tries} times; what has arrived is kept, and the next try goes on from there.", fault);
        var told = fault.RetryAfter ?? TimeSpan.FromSeconds(1 << (_failures - 1));
        if (told > LongestWait)
            throw new ModelDownloadException(fault.Reason, Invariant($"{fault.Message} It asks to wait for {told.TotalMinutes:0} minutes: try again then."), fault);
        // Many clients that were turned away together should not come back together.
        var wait = told + (told * (Random.Shared.NextDouble() / 4));
        tell(Invariant($"{fault.Message} Trying again in {wait.TotalSeconds:0} s."));
        await Task.Delay(wait, clock, cancellationToken);
    }

    /// <summary>Does something that may fail for a while.</summary>
    internal async Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (TransientFault fault)
            {
                await WaitAsync(fault, cancellationToken);
            }
        }
    }
}
