namespace LoraBridge.Model;

/// <summary>Operations that the CPU computed, although the model is on a device.</summary>
/// <param name="Operation">llama.cpp's name of the operation with the type of its weights, or the name of LoraBridge's own kernel.</param>
/// <param name="Count">How many of them a row has.</param>
/// <param name="Reason">Why the device did not compute them.</param>
public sealed record DeviceFallback(string Operation, int Count, string Reason);
