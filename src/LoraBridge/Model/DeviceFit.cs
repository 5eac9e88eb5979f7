using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Whether a model fits on devices, known before it is loaded: llama.cpp would find out in the middle.</summary>
internal static class DeviceFit
{
    /// <summary>The devices to load a model on: those given, or none where they are too small and the CPU may be taken instead.</summary>
    /// <param name="files">The model.</param>
    /// <param name="device">What was asked for.</param>
    /// <param name="backend">The backend.</param>
    /// <param name="devices">Its devices; none is the CPU.</param>
    /// <param name="free">Says how many bytes are free on devices.</param>
    /// <exception cref="InsufficientMemoryException">The backend was asked for by name, and its devices have less memory free than the model's layers need.</exception>
    public static (string Backend, IReadOnlyList<DevicePtr> Devices) Choose(
        GgufModelFiles files, DeviceConfiguration device, string backend, IReadOnlyList<DevicePtr> devices, Func<IReadOnlyList<DevicePtr>, long> free)
    {
        // Whoever says how many layers go there knows what fits.
        if (devices.Count == 0 || device.GpuLayers is not null)
            return (backend, devices);
        var (needed, available) = (BytesOf(files), free(devices));
        if (needed <= available)
            return (backend, devices);
        if (device.Backend == ComputeBackend.Auto)
            return ("cpu", []);
        throw new InsufficientMemoryException(
            $"{files.Files[0].Path} has {needed >> 20} MiB of weights for the device, but {available >> 20} are free there. Keep some of its layers on the CPU "
            + $"({nameof(DeviceConfiguration)}.{nameof(DeviceConfiguration.GpuLayers)}, --gpu-layers), or use another backend.");
    }

    /// <summary>Bytes of the weights that llama.cpp keeps on a device: all, but that the embedding of tokens stays with the CPU, unless it is the output too.</summary>
    private static long BytesOf(GgufModelFiles files)
    {
        var isTied = !files.Tensors.Any(tensor => tensor.Info.Name == TensorNames.Output);
        return files.Tensors.Where(tensor => isTied || tensor.Info.Name != TensorNames.TokenEmbedding).Sum(tensor => tensor.Info.ByteLength);
    }
}
