using System.Runtime.InteropServices;

namespace LoraBridge.Cli;

/// <summary>
/// Turns the first Ctrl-C, or request to terminate, into a cancellation; the second one ends the process as usual. While a part of the
/// work runs that can be ended alone, the first Ctrl-C ends that part, and the next one counts as the first.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Lock _gate = new();
    private CancellationTokenSource? _part;

    /// <param name="onForcedEnd">Called before the process ends for a second request.</param>
    internal Interruption(Action onForcedEnd)
    {
        _registrations = [Register(PosixSignal.SIGINT, onForcedEnd), Register(PosixSignal.SIGTERM, onForcedEnd)];
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>Does a part of the work that Ctrl-C ends alone; one part at a time.</summary>
    /// <param name="work">Is given what ends the part, or everything.</param>
    internal async Task RunPartAsync(Func<CancellationToken, Task> work)
    {
        using var part = CancellationTokenSource.CreateLinkedTokenSource(Token);
        SetPart(part);
        try
        {
            await work(part.Token);
        }
        finally
        {
            SetPart(null);
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void SetPart(CancellationTokenSource? part)
    {
        lock (_gate)
            _part = part;
    }

    private bool CancelPart()
    {
        // Under the lock: the part must not end and be disposed of meanwhile.
        lock (_gate)
        {
            if (_part is not { IsCancellationRequested: false } part)
                return false;
            part.Cancel();
            return true;
        }
    }

    private PosixSignalRegistration Register(PosixSignal signal, Action onForcedEnd) => PosixSignalRegistration.Create(signal, context =>
    {
        if (_source.IsCancellationRequested)
        {
            onForcedEnd();
            return;
        }
        context.Cancel = true;
        if (signal != PosixSignal.SIGINT || !CancelPart())
            _source.Cancel();
    });
}
