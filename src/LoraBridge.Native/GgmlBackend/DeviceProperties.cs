using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>What a device says about itself. Memory in bytes.</summary>
internal sealed unsafe record DeviceProperties(
    string Name, string Description, long MemoryFree, long MemoryTotal, GgmlBackendDeviceType Type, string? DeviceId, GgmlBackendDeviceCaps Capabilities)
{
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
