using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Devices and what they support.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_dev_name(DevicePtr device);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_dev_memory(DevicePtr device, out nuint free, out nuint total);

    [LibraryImport(Library)]
    internal static partial GgmlBackendDeviceType ggml_backend_dev_type(DevicePtr device);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_dev_get_props(DevicePtr device, GgmlBackendDeviceProps* props);

    [LibraryImport(Library)]
    internal static partial RegistryPtr ggml_backend_dev_backend_reg(DevicePtr device);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial BackendPtr ggml_backend_dev_init(DevicePtr device, string? @params);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_reg_name(RegistryPtr reg);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ggml_backend_reg_get_proc_address(RegistryPtr reg, string? name);
}
