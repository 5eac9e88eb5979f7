using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Registries: the loaded backend libraries and the devices that they offer.</summary>
internal static partial class Ggml
{
    [LibraryImport(RegistryLibrary)]
    internal static partial nuint ggml_backend_reg_count();

    [LibraryImport(RegistryLibrary)]
    internal static partial RegistryPtr ggml_backend_reg_get(nuint index);

    [LibraryImport(RegistryLibrary)]
    internal static partial nuint ggml_backend_dev_count();

    [LibraryImport(RegistryLibrary)]
    internal static partial DevicePtr ggml_backend_dev_get(nuint index);

    [LibraryImport(RegistryLibrary)]
    internal static partial DevicePtr ggml_backend_dev_by_type(GgmlBackendDeviceType type);

    [LibraryImport(RegistryLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial RegistryPtr ggml_backend_load(string? path);

    [LibraryImport(RegistryLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ggml_backend_load_all_from_path(string? dir_path);
}
