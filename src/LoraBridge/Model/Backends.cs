using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Finds out which backends can be used.</summary>
public static class Backends
{
    private static readonly ComputeBackend[] Preferred =
        [ComputeBackend.Cuda, ComputeBackend.Metal, ComputeBackend.Vulkan, ComputeBackend.Cpu];

    /// <summary>What makes training on the CPU much slower in this program than it could be, and what to do; null when nothing does.</summary>
    public static string? ProgramWarning => ProcessorInfo.WastesVectors
        ? "The processor has AVX2, but this program was compiled or started without it: training takes up to a hundred times as long. "
            + "Set <IlcInstructionSet>x86-64-v3</IlcInstructionSet> where it is compiled ahead of time, or unset DOTNET_EnableAVX2."
        : null;

    /// <summary>Asks each backend for its devices; those that have none say why.</summary>
    /// <exception cref="DllNotFoundException">The native libraries were not found.</exception>
    /// <exception cref="NativeException">The native libraries are another build than the one that belongs here.</exception>
    public static BackendReport List()
    {
        var libraries = NativeRuntime.Initialize().Libraries;
        BackendInfo[] candidates = [.. Preferred.Select(Describe)];
        return new BackendReport(Select(ComputeBackend.Auto).Name, libraries.Build.Name, libraries.Directory, libraries.Reason, ProgramWarning, candidates);
    }

    /// <summary>The devices a configuration asks for; none means the CPU.</summary>
    /// <exception cref="NativeException">The backend is not available; the message says why.</exception>
    internal static (string Name, IReadOnlyList<DevicePtr> Devices) Select(ComputeBackend backend)
    {
        if (backend == ComputeBackend.Cpu)
            return (NameOf(backend), []);
        if (backend != ComputeBackend.Auto)
            return (NameOf(backend), ComputeDevices.Require(NameOf(backend)));
        foreach (var candidate in Preferred)
        {
            if (candidate != ComputeBackend.Cpu && Describe(candidate).Available
                && Fast(ComputeDevices.Require(NameOf(candidate)), DeviceProperties.Of) is { Count: > 0 } devices)
                return (NameOf(candidate), devices);
        }
        return (NameOf(ComputeBackend.Cpu), []);
    }

    /// <summary>The devices that are faster than the CPU: not those that are the CPU.</summary>
    internal static IReadOnlyList<DevicePtr> Fast(IReadOnlyList<DevicePtr> devices, Func<DevicePtr, DeviceProperties> propertiesOf) =>
        [.. devices.Where(device => !propertiesOf(device).IsSoftware)];

    private static BackendInfo Describe(ComputeBackend backend)
    {
        try
        {
            var devices = ComputeDevices.Require(NameOf(backend)).Select(DeviceProperties.Of);
            return new BackendInfo(NameOf(backend), Available: true, Reason: null, [.. devices.Select(Describe)]) { Note = NoteOn(backend) };
        }
        catch (NativeException unavailable)
        {
            return new BackendInfo(NameOf(backend), Available: false, unavailable.Message, []) { Note = NoteOn(backend) };
        }
    }

    /// <summary>CUDA finds out at the first computation, and ends the process.</summary>
    private static string? NoteOn(ComputeBackend backend) => backend == ComputeBackend.Cuda && LlamaBuild.Loaded != LlamaBuild.B10221
        ? "Its library is made with CUDA 13.1: machine code for compute capability 8.6, 8.9, 12.0 and 12.1 (RTX 30, 40, 50, L4, L40), which needs a driver of CUDA "
            + "13, and PTX of version 9.1 for other GPUs, such as T4, A100 and H100, which needs one of CUDA 13.1 or later (nvidia-smi shows it), or fails with error 222."
        : null;

    private static DeviceInfo Describe(DeviceProperties device) =>
        new(device.Name, device.Description, device.MemoryTotal, device.MemoryFree) { Training = TrainingOn(device) };

    /// <summary>What trains on a device: what is loaded there.</summary>
    private static string TrainingOn(DeviceProperties device) => device switch
    {
        { Type: GgmlBackendDeviceType.Cpu } => "trains models that are on no other device",
        { IsSoftware: true } => "trains models that are loaded here; as it is software, only when asked for by name",
        _ => "trains models that are loaded here; what it cannot compute, such as scans of recurrent models, is left to the CPU and reported",
    };

    private static string NameOf(ComputeBackend backend) => backend.ToString().ToLowerInvariant();
}
