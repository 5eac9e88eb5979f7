namespace LoraBridge.Native;

/// <summary>Interpolation of images (<c>ggml_scale_mode</c>).</summary>
internal enum GgmlScaleMode
{
    Nearest = 0,
    Bilinear = 1,
    Bicubic = 2,
}
