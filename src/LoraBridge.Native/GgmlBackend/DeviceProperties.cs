using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>What a device says about itself. Memory in bytes.</summary>
internal sealed unsafe record DeviceProperties(
    string Name, string Description, long MemoryFree, long MemoryTotal, GgmlBackendDeviceType Type, string? DeviceId, GgmlBackendDeviceCaps Capabilities)
{
    /// <summary>What the software that computes for Vulkan, and is no GPU, calls itself: Mesa's, Google's, Microsoft's.</summary>
    private static readonly string[] s_software = ["llvmpipe", "SwiftShader", "Microsoft Basic Render Driver"];

    /// <summary>
    /// Whether it is the processor in disguise: slower than the CPU's own kernels, and with memory that is the machine's. ggml takes such a device for a
    /// GPU, but offers it only where <c>GGML_VK_VISIBLE_DEVICES</c> asks for it.
    /// </summary>
    internal bool IsSoftware => s_software.Any(name => Description.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    internal static DeviceProperties Of(DevicePtr device)
    {
        GgmlBackendDeviceProps props;
        ggml_backend_dev_get_props(device, &props);
        return new DeviceProperties(
            Text(props.name) ?? "", Text(props.description) ?? "", (long)props.memory_free, (long)props.memory_total, props.type,
            Text(props.device_id), props.caps);
    }

    private static string? Text(byte* text) => Marshal.PtrToStringUTF8((nint)text);
}
