using System.Collections;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace LoraBridge.TestKit.Terminals;

/// <summary>
/// A terminal that no window shows, and a program in it: the program finds a terminal at all three standard streams, what it writes is
/// seen on <see cref="Screen"/>, and what is typed reaches it as keys do, Ctrl-C as a signal.
/// </summary>
/// <remarks>
/// The program leads a session of its own and gets the terminal as its controlling one by opening it, so that the kernel does all the
/// rest. <c>posix_spawn</c> can do both, and needs no code of ours between a fork and the program.
/// </remarks>
public sealed class PseudoTerminal : IDisposable
{
    private readonly FileStream _master;
    private readonly int _process;
    private readonly TerminalScreen _screen;
    private readonly Lock _gate = new();
    private readonly Task<int> _end;
    private TaskCompletionSource _changed = NewChange();
    private bool _ended;

    private PseudoTerminal(FileStream master, int process, TerminalScreen screen)
    {
        (_master, _process, _screen) = (master, process, screen);
        _end = Task.Factory.StartNew(ReadToEnd, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Whether pseudo-terminals can be made here.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>What is on the screen now: lines without the blanks at their ends, and without the empty lines at the end.</summary>
    public string Screen
    {
        get
        {
            lock (_gate)
                return _screen.Text;
        }
    }

    /// <summary>Everything that the program has written, with control sequences.</summary>
    public string Written
    {
        get
        {
            lock (_gate)
                return _screen.Written;
        }
    }

    /// <summary>Whether the cursor can be seen.</summary>
    public bool ShowsCursor
    {
        get
        {
            lock (_gate)
                return _screen.ShowsCursor;
        }
    }

    /// <summary>Starts a program in a new terminal.</summary>
    /// <param name="columns">Width; 0 for a terminal that does not say how large it is.</param>
    /// <param name="rows">Height; 0 likewise.</param>
    /// <param name="environment">Variables to add to those of this process, or to take away where the value is null.</param>
    /// <param name="command">The program, and its arguments.</param>
    /// <exception cref="Win32Exception">The system has no terminal to give, or the program was not found.</exception>
    public static PseudoTerminal Start(int columns, int rows, IReadOnlyDictionary<string, string?> environment, params string[] command)
    {
        var master = LibC.posix_openpt(LibC.ReadWrite | LibC.NoControllingTerminal | LibC.CloseOnExec);
        var name = new byte[128];
        Check(master.IsInvalid || LibC.grantpt(master) != 0 || LibC.unlockpt(master) != 0 ? Marshal.GetLastPInvokeError() : 0);
        Check(LibC.ptsname_r(master, name, (nuint)name.Length));
        Check(LibC.ioctl(master, LibC.SetWindowSize, [(ushort)rows, (ushort)columns, 0, 0]) != 0 ? Marshal.GetLastPInvokeError() : 0);
        var process = Spawn(name, command, Variables(environment));
        return new PseudoTerminal(
            new FileStream(master, FileAccess.ReadWrite, bufferSize: 0), process, new TerminalScreen(columns > 0 ? columns : 80, rows > 0 ? rows : 24));
    }

    /// <summary>Types text; <c>\r</c> is the Enter key.</summary>
    public void Type(string text) => _master.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Presses Ctrl and C.</summary>
    public void PressControlC() => Type("\u0003");

    /// <summary>Waits until the screen looks as wanted.</summary>
    /// <exception cref="InvalidOperationException">The program ended, and it does not.</exception>
    public async Task WaitUntilAsync(Func<string, bool> isWanted)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (isWanted(_screen.Text))
                    return;
                if (_ended)
                    throw new InvalidOperationException($"The program ended before the screen looked as wanted. It shows:\n{_screen.Text}");
                changed = _changed.Task;
            }
            await changed;
        }
    }

    /// <summary>Waits until the program has ended.</summary>
    /// <returns>Its exit code, or 128 and the signal that ended it.</returns>
    public Task<int> FinishAsync() => _end;

    /// <summary>Ends the program where it still runs.</summary>
    public void Dispose()
    {
        if (!_end.IsCompleted)
            _ = LibC.kill(_process, LibC.Kill);
        _end.GetAwaiter().GetResult();
        _master.Dispose();
    }

    private static int Spawn(byte[] terminal, string[] command, string?[] environment)
    {
        byte[] actions = new byte[LibC.StructureSize], attributes = new byte[LibC.StructureSize];
        byte[] noSignals = new byte[LibC.StructureSize], interrupts = new byte[LibC.StructureSize];
        Check(LibC.sigemptyset(noSignals));
        Check(LibC.sigemptyset(interrupts));
        Check(LibC.sigaddset(interrupts, LibC.Interrupt));
        Check(LibC.sigaddset(interrupts, LibC.Quit));
        Check(LibC.posix_spawn_file_actions_init(actions));
        Check(LibC.posix_spawnattr_init(attributes));
        try
        {
            Check(LibC.posix_spawn_file_actions_addopen(actions, 0, terminal, LibC.ReadWrite, 0));
            Check(LibC.posix_spawn_file_actions_adddup2(actions, 0, 1));
            Check(LibC.posix_spawn_file_actions_adddup2(actions, 0, 2));
            // Whoever started the tests may ignore Ctrl-C, as shells do behind nohup: the program must not inherit that.
            Check(LibC.posix_spawnattr_setsigdefault(attributes, interrupts));
            Check(LibC.posix_spawnattr_setsigmask(attributes, noSignals));
            Check(LibC.posix_spawnattr_setflags(attributes, LibC.SetSession | LibC.SetSignalDefaults | LibC.SetSignalMask));
            Check(LibC.posix_spawnp(out var process, command[0], actions, attributes, [.. command, null], environment));
            return process;
        }
        finally
        {
            _ = LibC.posix_spawn_file_actions_destroy(actions);
            _ = LibC.posix_spawnattr_destroy(attributes);
        }
    }

    private static string?[] Variables(IReadOnlyDictionary<string, string?> changes)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        foreach (var (name, value) in changes)
            variables[name] = value;
        return [.. variables.Where(variable => variable.Value is not null).Select(variable => $"{variable.Key}={variable.Value}"), null];
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new Win32Exception(error);
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int ReadToEnd()
    {
        var buffer = new byte[4096];
        try
        {
            while (_master.Read(buffer) is > 0 and var count)
                Change(() => _screen.Write(buffer.AsSpan(0, count)));
        }
        catch (IOException)
        {
            // How Linux says that nobody holds the other side of the terminal any more.
        }
        if (LibC.waitpid(_process, out var status, 0) != _process)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        Change(() => _ended = true);
        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            (changed, _changed) = (_changed, NewChange());
        }
        changed.SetResult();
    }
}
