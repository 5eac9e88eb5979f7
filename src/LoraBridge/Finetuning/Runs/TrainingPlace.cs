using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Where a training computes: where the model is.</summary>
/// <param name="Name">What ggml calls the devices, or <c>CPU</c>.</param>
/// <param name="IsDevice">Whether that is something else than the CPU.</param>
internal sealed record TrainingPlace(string Name, bool IsDevice)
{
    /// <summary>The place of an engine.</summary>
    public static TrainingPlace Of(ComputeEngine engine) => engine is DeviceEngine device
        ? new TrainingPlace(string.Join(", ", device.Names), true)
        : new TrainingPlace("CPU", false);

    /// <summary>Opens what a model that is loaded is to be trained with: the devices that it was asked to be on, with its weights there, else the CPU.</summary>
    /// <exception cref="NativeException">The device cannot be opened.</exception>
    public static ComputeEngine Open(LM model)
    {
        var devices = model.TrainingDevices;
        if (devices.Count == 0)
            return new ComputeEngine(model.Threads);
        lock (model.SharedCore.Gate)
            return Open(model.SharedCore.ForInference(), model.Files, devices, model.Threads);
    }

    /// <summary>Opens devices with the weights of a model that was loaded there; it must not be freed before.</summary>
    /// <exception cref="NativeException">A device cannot be opened.</exception>
    public static ComputeEngine Open(LlamaModelHandle model, GgufModelFiles files, IReadOnlyList<DevicePtr> devices, int threads) =>
        new DeviceEngine(devices, DeviceWeights.Of(model, files.Tensors.Select(tensor => tensor.Info.Name).ToHashSet(), threads), threads);
}
