using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>The devices of the loaded backends, and the reasons why a backend has none.</summary>
internal static class ComputeDevices
{
    /// <summary>All devices, in the order in which llama.cpp prefers them.</summary>
    internal static IReadOnlyList<DevicePtr> All
    {
        get
        {
            NativeRuntime.Initialize();
            var devices = new DevicePtr[(int)ggml_backend_dev_count()];
            for (var i = 0; i < devices.Length; i++)
                devices[i] = ggml_backend_dev_get((nuint)i);
            return devices;
        }
    }

    /// <summary>The devices of one backend; never empty, and never those of another one.</summary>
    /// <param name="backend">Name of the backend library: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c>, <c>metal</c>, ...</param>
    /// <exception cref="NativeException">The backend is not available; the message says why.</exception>
    internal static IReadOnlyList<DevicePtr> Require(string backend)
    {
        ArgumentException.ThrowIfNullOrEmpty(backend);
        var runtime = NativeRuntime.Initialize();
        var registry = BackendLibraries.RegistryName(backend.ToLowerInvariant());
        DevicePtr[] devices = [.. All.Where(device => IsOf(device, registry))];
        return devices.Length > 0 ? devices : throw new NativeException(Explain(backend, registry, runtime), []);
    }

    private static bool IsOf(DevicePtr device, string registry) =>
        string.Equals(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)), registry, StringComparison.OrdinalIgnoreCase);

    private static string Explain(string backend, string registry, NativeRuntime runtime)
    {
        var attempts = runtime.Backends
            .Where(library => BackendLibraries.RegistryName(library.Name) == registry)
            .Select(library => $"{library.Path}: {library.Failure ?? "loaded, but it found no device"}")
            .ToList();
        if (attempts.Count == 0)
            attempts.Add($"there is no ggml-{backend} library in {string.Join(" or ", runtime.Directories)}");
        var available = string.Join(", ", All.Select(device => ggml_backend_dev_name(device)));
        return $"The backend {backend} is not available: {string.Join("; ", attempts)}. Available devices: {available}.";
    }
}
