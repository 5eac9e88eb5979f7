using System.Runtime.InteropServices;

namespace LoraBridge.Cli;

/// <summary>Turns the first Ctrl-C, or request to terminate, into a cancellation; the second one ends the process as usual.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="onForcedEnd">Called before the process ends for a second request.</param>
    internal Interruption(Action onForcedEnd)
    {
        _registrations = [Register(PosixSignal.SIGINT, onForcedEnd), Register(PosixSignal.SIGTERM, onForcedEnd)];
    }

    internal CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal, Action onForcedEnd) => PosixSignalRegistration.Create(signal, context =>
    {
        if (_source.IsCancellationRequested)
        {
            onForcedEnd();
            return;
        }
        context.Cancel = true;
        _source.Cancel();
    });
}
